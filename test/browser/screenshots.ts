/**
 * `npm run screenshots`: pictures of the dashboard for the README and the guide, in both languages, from a shop with real jobs
 * and workers. They lie in docs/images.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../processes/support.ts'
import { launchBrowser } from './support/chromium.ts'
import { install } from './support/installation.ts'
import { openPanel } from './support/panel.ts'
import { openShop } from './support/shop.ts'

const folder = process.argv[2] ?? fileURLToPath(new URL('../../docs/images/', import.meta.url))
/** Path, and what tells that all of it is there. */
const PAGES = [
  { name: 'overview', path: '/', theme: 'light' },
  { name: 'failed', path: '/failed', theme: 'light' },
  { name: 'job', path: '/failed/1', theme: 'light' },
  { name: 'queues', path: '/queues', theme: 'light' },
] as const

const browser = await launchBrowser()
const shop = await install()
try {
  mkdirSync(folder, { recursive: true })
  await shop.user('ana', 'admin')
  await openShop(shop)
  await shop.work('--queue', 'mail', '--name', 'mailer', '--concurrency', '1')
  await until(
    'there are figures of a minute',
    async () => {
      const now = Date.now()
      return (await shop.admin.series({ from: now - 600_000, to: now, stepMs: 60_000 })).some(
        ({ completed }) => completed > 0,
      )
    },
    120_000,
  )
  // Charts leave out the minute that has not ended.
  await new Promise((resolve) => setTimeout(resolve, 65_000))
  for (const language of ['en', 'es'] as const) {
    await shop.admin.pause('stock', language === 'en' ? 'The warehouse counts its stock' : 'El almacén hace inventario')
    for (const { name, path, theme } of PAGES) {
      const panel = await openPanel(browser, shop, { user: 'ana', language, theme, width: 1280, height: 800 })
      await panel.visit(path)
      await panel.page.getByRole('button', { name: /^(Live|En vivo)/ }).waitFor()
      // Charts draw themselves after their figures came.
      await panel.page.waitForTimeout(1_500)
      await panel.page.screenshot({ path: join(folder, `${name}.${language}.png`) })
      for (const fault of panel.faults) console.error(`${name}.${language}: ${fault}`)
      await panel.close()
    }
  }
} finally {
  await browser.close()
  await shop.close()
}
