import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import type { Installation } from './installation.ts'
import { PASSWORD } from './installation.ts'

export interface PanelOptions {
  user?: string
  language?: 'en' | 'es'
  theme?: 'light' | 'dark'
  width?: number
  height?: number
}

/** One window on the dashboard, and all that a browser finds wrong with it. */
export interface Panel {
  readonly page: Page
  readonly context: BrowserContext
  /** Goes to a page of the dashboard by its path below the mount. */
  visit(path: string): Promise<void>
  /** Console errors, uncaught errors, violations of the policy, requests to elsewhere. */
  readonly faults: string[]
  /** A refusal that the test brings about: browsers write those into the console too. Status 0: no answer at all. */
  allow(status: number, path: RegExp): void
  /** Addresses of the API that were asked, as they are asked. */
  readonly asked: string[]
  close(): Promise<void>
}

export async function openPanel(
  browser: Browser,
  { address }: Pick<Installation, 'address'>,
  { user, language = 'en', theme = 'light', width = 1280, height = 900 }: PanelOptions = {},
): Promise<Panel> {
  const options: BrowserContextOptions = {
    viewport: { width, height },
    locale: language === 'en' ? 'en-GB' : 'es-ES',
    colorScheme: theme,
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  }
  const context = await browser.newContext(options)
  await context.addInitScript(() => {
    document.addEventListener(
      'securitypolicyviolation',
      ({ violatedDirective, blockedURI, sourceFile, lineNumber }) => {
        console.error(`policy violated: ${violatedDirective} ${blockedURI} ${sourceFile}:${lineNumber}`)
      },
    )
  })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const faults: string[] = []
  const asked: string[] = []
  const allowed: { status: number; path: RegExp }[] = [{ status: 401, path: /\/api\/v1\/queue\/me$/ }]
  page.on('console', (message) => {
    if (message.type() !== 'error') return
    const { url } = message.location()
    const [, status = '0'] = /status of (\d+)|net::ERR/.exec(message.text()) ?? ['', '']
    const path = URL.canParse(url) ? new URL(url).pathname : ''
    if (allowed.some((one) => String(one.status) === status && one.path.test(path))) return
    faults.push(`console: ${message.text()} (${url})`)
  })
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.stack ?? error.message}`))
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(new URL(address).origin) && !url.startsWith('data:') && !url.startsWith('blob:')) {
      faults.push(`asked elsewhere: ${url}`)
    }
    if (url.includes('/api/v1/queue/'))
      asked.push(`${request.method()} ${url.slice(url.indexOf('/api/v1/queue/') + 13)}`)
  })
  if (user !== undefined) await logIn(context, address, user)
  return {
    page,
    context,
    faults,
    asked,
    allow: (status, path) => void allowed.push({ status, path }),
    visit: async (path) => {
      await page.goto(`${address}${path}`)
      await page.locator('main h1').first().waitFor()
    },
    close: () => context.close(),
  }
}

/** Without the form: that has tests of its own. */
async function logIn(context: BrowserContext, address: string, name: string): Promise<void> {
  const answer = await context.request.post(`${address}/api/v1/queue/login`, {
    data: { name, password: PASSWORD },
    headers: { 'sec-fetch-site': 'same-origin' },
  })
  if (!answer.ok()) throw new Error(`${name} cannot log in: ${answer.status()} ${await answer.text()}`)
}
