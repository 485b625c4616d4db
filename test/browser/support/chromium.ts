import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { ensureInstalled, missing, type Software } from '../../support/servers/install.ts'

const CHROMIUM: Software = { name: 'Chromium', program: 'chromium', folders: ['/usr/bin'], package: 'chromium' }

/** Why browser tests cannot run here and how they could; undefined where they can. In CI there is no such excuse. */
export const noBrowser: string | undefined = process.env.CI ? undefined : missing(CHROMIUM)

/** Debian's Chromium, installed first where that is needed and allowed. Nothing but the pages under test goes out. */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: join(await ensureInstalled(CHROMIUM), CHROMIUM.program),
    headless: true,
    args: ['--no-sandbox', '--disable-quic', '--disable-background-networking'],
  })
}
