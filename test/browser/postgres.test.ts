import { expect, test } from 'vitest'
import { until } from '../processes/support.ts'
import { serverUrl } from '../support/servers/url.ts'
import { chargeCard, sendInvoice } from './fixtures/jobs.ts'
import { inBrowser } from './support/suite.ts'

inBrowser(
  'on PostgreSQL',
  (given) => {
    test('figures, failed jobs, a retry and a pause work as on SQLite', async () => {
      const { shop } = given
      await shop.queue.dispatchMany(sendInvoice, Array(12).fill({ order_id: 1, to: 'ana@example.com' }))
      await shop.queue.dispatch(chargeCard, { order_id: 2, fails: 'declined' })
      const worker = await shop.work('--queue', 'payments')
      await until('the payment failed', async () => (await shop.store.countFailed({})) === 1)
      await worker.kill('SIGTERM')
      const panel = await given.open({ user: 'ana' })
      const { page } = panel
      await panel.visit('/')
      await page.locator('dl > div', { hasText: 'Pending' }).getByText('12', { exact: true }).waitFor()
      await panel.visit('/failed')
      await page.getByRole('button', { name: 'Retry', exact: true }).click()
      await page.locator('p', { hasText: 'is pending in payments' }).first().waitFor()
      await panel.visit('/queues')
      await page.getByRole('button', { name: 'Pause: mail' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click()
      await page.locator('p', { hasText: 'Queue mail is paused' }).first().waitFor()
      expect((await shop.admin.status()).queues.find(({ queue }) => queue === 'mail')?.pausedAt).not.toBeNull()
    })
  },
  async () => ({ url: `${await serverUrl('postgres')}?schema=faena_browser` }),
)
