/** What the server tells the page at its start: `src/http/dashboard/page.ts` writes it. Beside Vite's own server there is none. */
export interface PageFacts {
  /** Where the panel is mounted: '' or `/admin/queues`. */
  base: string
  version: string
}

export const facts: PageFacts = factsIn(document.getElementById('faena')?.textContent)

export function factsIn(text: string | null | undefined): PageFacts {
  return { base: '', version: '', ...(text && JSON.parse(text)) }
}

/** The path of something below the mount: `mounted('/api/v1/queue/events')`. */
export function mounted(path: string): string {
  return `${facts.base}${path}`
}
