import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { until } from '../processes/support.ts'
import { buildReport, chargeCard, sendInvoice, syncStock } from './fixtures/jobs.ts'
import type { Panel } from './support/panel.ts'
import { inBrowser } from './support/suite.ts'

/** What stands in a tile of the overview. */
function tile({ page }: Panel, name: string): Promise<string> {
  return page.locator('dl > div', { hasText: name }).locator('dd').first().innerText()
}

const invoice = { order_id: 1, to: 'ana@example.com' }

inBrowser('watching', (given) => {
  /** Makes the jobs of a queue due so long ago: nobody waits five minutes for a test. */
  const age = (queue: string, seconds: number) => {
    const database = new DatabaseSync(given.shop.url.replace('sqlite:', ''), { timeout: 5_000 })
    const due = Math.floor(Date.now() / 1_000) - seconds
    database.prepare('UPDATE jobs SET available_at = ?, created_at = ? WHERE queue = ?').run(due, due, queue)
    database.close()
  }

  test('check 3: after the log-in the tiles are what GET /status says', async () => {
    const { shop } = given
    await shop.queue.dispatchMany(sendInvoice, Array(41).fill(invoice))
    await shop.queue.dispatchMany(syncStock, Array(3).fill({ order_id: 7 }), { delay: '1h' })
    await shop.queue.dispatchMany(chargeCard, Array(4).fill({ order_id: 9, fails: 'declined' }))
    await shop.queue.dispatch(buildReport, { month: '2026-10', seconds: 600 })
    const worker = await shop.work('--queue', 'payments,reports')
    await until('all payments failed', async () => (await shop.store.countFailed({})) === 4)
    const panel = await given.open({ user: 'ana' })
    await panel.visit('/')
    await expect.poll(() => tile(panel, 'Pending')).toBe('44')
    await expect.poll(() => tile(panel, 'Reserved')).toBe('1')
    await expect.poll(() => tile(panel, 'Failed')).toBe('4')
    const answer = await panel.context.request.get(`${shop.address}/api/v1/queue/status`)
    const { data } = (await answer.json()) as { data: { failed_jobs_count: number; pending_jobs: { count: number }[] } }
    expect(data.failed_jobs_count).toBe(4)
    expect(data.pending_jobs.reduce((sum, { count }) => sum + count, 0)).toBe(44)
    await worker.kill('SIGTERM')
    await shop.admin.clear('reports')
  })

  test('check 4: figures follow what happens within three seconds, without loading again', async () => {
    const { shop } = given
    const panel = await given.open({ user: 'ana' })
    await panel.visit('/')
    await panel.page.getByRole('button', { name: /^Live/ }).waitFor()
    await expect.poll(() => tile(panel, 'Pending')).toBe('44')
    const loads: string[] = []
    panel.page.on('framenavigated', (frame) => loads.push(frame.url()))
    await shop.queue.dispatchMany(sendInvoice, Array(6).fill(invoice))
    await expect.poll(() => tile(panel, 'Pending'), { timeout: 3_000 }).toBe('50')
    const failed = Number(await tile(panel, 'Failed'))
    await shop.queue.dispatch(buildReport, { month: '2026-11', seconds: 600 })
    const worker = await shop.work('--queue', 'payments,reports')
    await expect.poll(() => tile(panel, 'Reserved'), { timeout: 3_000 }).toBe('1')
    await shop.queue.dispatch(chargeCard, { order_id: 10, fails: 'declined' })
    await expect.poll(() => tile(panel, 'Failed'), { timeout: 3_000 }).toBe(String(failed + 1))
    expect(loads).toEqual([])
    await shop.admin.clear('reports')
    await worker.kill('SIGTERM')
  })

  test('check 5: a job that has been due for over five minutes is an alarm that names its queue and its age', async () => {
    const { shop } = given
    const worker = await shop.work('--queue', 'payments')
    age('mail', 240)
    const panel = await given.open({ user: 'ana' })
    await panel.visit('/')
    const alarm = panel.page.getByRole('alert').filter({ hasText: 'has had a due job for' })
    await expect.poll(() => tile(panel, 'Oldest pending')).toMatch(/^4\s*min/)
    expect(await alarm.count()).toBe(0)
    age('mail', 301)
    await alarm.waitFor({ timeout: 20_000 })
    expect(await alarm.innerText()).toMatch(/Queue mail has had a due job for 5 min/)
    const mailing = await shop.work('--queue', 'mail')
    await alarm.waitFor({ state: 'detached', timeout: 10_000 })
    await mailing.kill('SIGTERM')
    await worker.kill('SIGTERM')
  })

  test('check 6: a delayed job and a paused queue are no alarm', async () => {
    const { shop } = given
    await shop.queue.dispatch(sendInvoice, invoice)
    await shop.admin.pause('mail', 'moving')
    age('mail', 4_000)
    const panel = await given.open({ user: 'ana' })
    await panel.visit('/')
    await expect.poll(() => tile(panel, 'Pending')).toBe('4')
    await panel.page.getByRole('button', { name: /^Live/ }).waitFor()
    expect(await panel.page.getByRole('alert').count()).toBe(0)
    expect(await tile(panel, 'Oldest pending')).toBe('–')
    await shop.admin.resume('mail')
    await shop.admin.clear('mail')
  })

  test('check 7: a queue whose workers were killed is told to have none', async () => {
    const { shop } = given
    const worker = await shop.work('--queue', 'mail')
    await shop.queue.dispatch(sendInvoice, invoice, { delay: '1s' })
    const panel = await given.open({ user: 'ana' })
    await panel.visit('/queues')
    const row = panel.page.getByRole('row').filter({ hasText: 'mail' })
    await expect.poll(() => row.innerText()).toContain('1')
    const [{ pid } = { pid: 0 }] = await shop.admin.workers()
    await shop.admin.pause('mail')
    await shop.queue.dispatch(sendInvoice, invoice)
    process.kill(pid, 'SIGKILL')
    await worker.kill('SIGKILL')
    // A lease lasts thirty seconds after the last heartbeat.
    await row.getByText('No worker').waitFor({ timeout: 40_000 })
    await shop.admin.resume('mail')
    await shop.admin.clear('mail')
  })

  test('check 8: without the stream the figures are asked for; when it is back nothing is doubled', async () => {
    const { shop } = given
    await shop.admin.clear('mail')
    const panel = await given.open({ user: 'ana' })
    await panel.visit('/jobs?queue=mail')
    const live = (mode: RegExp) => panel.page.getByRole('button', { name: mode }).waitFor({ timeout: 20_000 })
    await live(/^Live/)
    panel.allow(0, /\/events$/)
    await panel.page.route(/\/events$/, (route) => route.abort())
    await panel.page.reload()
    await live(/^Every 5 s/)
    await shop.queue.dispatchMany(sendInvoice, Array(3).fill(invoice))
    await expect.poll(() => panel.page.locator('[role=row][data-index]').count(), { timeout: 15_000 }).toBe(3)
    await panel.page.unroute(/\/events$/)
    await live(/^Live/)
    const rows = await panel.page
      .locator('[role=row][data-index] a[href*="/jobs/"]')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href')))
    expect(rows).toHaveLength(3)
    expect(new Set(rows).size).toBe(3)
    await shop.admin.clear('mail')
  })

  test('check 9: paused, nothing is asked for in the background, also after coming back to the tab', async () => {
    const panel = await given.open({ user: 'ana' })
    const { page } = panel
    await panel.visit('/workers')
    await page.getByRole('button', { name: /^Live/ }).click()
    await page.getByRole('button', { name: /^Paused/ }).waitFor()
    await page.waitForLoadState('networkidle')
    const before = panel.asked.length
    await given.shop.queue.dispatch(sendInvoice, invoice)
    await page.evaluate(() => {
      document.dispatchEvent(new Event('visibilitychange'))
      dispatchEvent(new Event('focus'))
    })
    // As long as any of the page's own intervals: nothing is the signal.
    await page.waitForTimeout(6_000)
    expect(panel.asked.slice(before)).toEqual([])
    await page.getByRole('button', { name: /^Paused/ }).click()
    await page.getByRole('button', { name: /^Live/ }).waitFor()
    expect(panel.asked.length).toBeGreaterThan(before)
  })
})
