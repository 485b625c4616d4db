/** What the dashboard is told at its start. It stands in the page as data: a script there would be refused. */
export interface PageFacts {
  /** Where it is mounted: '' or '/admin/queues'. The API is below it, at /api/v1/queue. */
  base: string
  version: string
  /** Of this answer's policy, for style elements that components make. */
  nonce: string
}

/** The page for this mount: every `="./` in it becomes absolute, since `base-uri 'none'` allows no base element. */
export function pageFor(page: string, facts: PageFacts): string {
  const data = JSON.stringify(facts).replaceAll('<', '\\u003c')
  return page
    .replaceAll('="./', () => `="${escaped(facts.base)}/`)
    .replace('</head>', () => `<script type="application/json" id="faena">${data}</script></head>`)
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}

/** What the page may do; `framedBy`: origins whose pages may show it inside theirs. */
export function contentSecurityPolicy(nonce: string, framedBy: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    `frame-ancestors ${framedBy.length === 0 ? "'none'" : framedBy.join(' ')}`,
    "require-trusted-types-for 'script'",
  ].join('; ')
}
