import { expect, test } from 'vitest'
import { until } from '../processes/support.ts'
import { chargeCard, sendInvoice } from './fixtures/jobs.ts'
import type { Process } from './support/installation.ts'
import type { Panel } from './support/panel.ts'
import { inBrowser } from './support/suite.ts'

inBrowser('repairing', (given) => {
  let worker: Process | undefined

  /** Payments that a real worker failed for good; then it ends, so that a retried job stays where one can see it. */
  const failing = async (inputs: readonly { order_id: number; fails: string }[]) => {
    const { shop } = given
    const before = await shop.store.countFailed({})
    await shop.queue.dispatchMany(chargeCard, inputs)
    worker = await shop.work('--queue', 'payments')
    await until('all failed', async () => (await shop.store.countFailed({})) === before + inputs.length)
    await worker.kill('SIGTERM')
  }
  const declined = (count: number, from = 1) =>
    Array.from({ length: count }, (_, at) => ({ order_id: from + at, fails: 'The card was declined' }))
  const nothingLeft = async () => {
    await given.shop.admin.clear('payments')
    await given.shop.admin.flush()
  }
  const rows = ({ page }: Panel) => page.locator('[role=row][data-index]')
  const waiting = async () => (await given.shop.store.list({ queue: 'payments' }, { limit: 200 })).rows.length
  const badge = ({ page }: Panel) => page.locator('main h1 + *').first().innerText()
  const toast = ({ page }: Panel, text: string | RegExp) => page.locator('p', { hasText: text }).first().waitFor()
  const answer = ({ page }: Panel, name: RegExp) => page.getByRole('alertdialog').getByRole('button', { name }).click()

  test('check 10: each failed job shows class, queue, time and the first line of its error, newest first', async () => {
    await nothingLeft()
    await failing([{ order_id: 1, fails: 'older of the two' }])
    await failing([{ order_id: 2, fails: 'newer\nwith a second line' }])
    const panel = await given.open({ user: 'ana' })
    await panel.visit('/failed')
    await expect.poll(() => rows(panel).count()).toBe(2)
    const [newest, oldest] = await rows(panel).allInnerTexts()
    for (const text of ['payments.charge', 'newer', 'payments']) expect(newest).toContain(text)
    expect(newest).toMatch(/now|sec/)
    expect(newest).not.toContain('second line')
    expect(oldest).toContain('older of the two')
    await rows(panel).first().click()
    await panel.page.getByText('Attempt 1', { exact: false }).first().waitFor()
  })

  test('check 11: Retry in a row brings the job back, removes the row, says so, and lowers the figure', async () => {
    await nothingLeft()
    await failing(declined(3))
    const panel = await given.open({ user: 'otto' })
    await panel.visit('/failed')
    await expect.poll(() => badge(panel)).toBe('3')
    await rows(panel).first().getByRole('button', { name: 'Retry' }).click()
    await toast(panel, /payments\.charge \(failed \d+\) is pending in payments/)
    await expect.poll(() => rows(panel).count()).toBe(2)
    await expect.poll(() => badge(panel)).toBe('2')
    expect(await waiting()).toBe(1)
  })

  test('check 12: a second retry of the same job says that it is no longer failed, and the job waits once', async () => {
    await nothingLeft()
    await failing(declined(1))
    const [first, second] = [await given.open({ user: 'otto' }), await given.open({ user: 'ana' })]
    second.allow(404, /\/retry\/\d+$/)
    for (const panel of [first, second]) {
      await panel.visit('/failed')
      await expect.poll(() => rows(panel).count()).toBe(1)
    }
    // The second window stands still, as one does that somebody has left open.
    await second.page.getByRole('button', { name: /^(Live|Every|Reconnecting)/ }).click()
    await first.page.getByRole('button', { name: 'Retry', exact: true }).click()
    await toast(first, 'is pending in payments')
    await second.page.getByRole('button', { name: 'Retry', exact: true }).click()
    await toast(second, 'The job is no longer failed')
    expect(await waiting()).toBe(1)
  })

  test('checks 13 and 14: Retry all asks with the exact count, shows its progress, and retries nothing twice', async () => {
    await nothingLeft()
    await failing(declined(2_500))
    const panel = await given.open({ user: 'otto' })
    const { page } = panel
    await panel.visit('/')
    const button = page.getByRole('button', { name: 'Retry all failed' })
    await button.click()
    await page.getByRole('heading', { name: 'Retry 2,500 failed jobs?' }).waitFor()
    await answer(panel, /Cancel/)
    expect(await given.shop.store.countFailed({})).toBe(2_500)
    await button.click()
    // A worker fails them again while they are being brought back: 2,500 are retried, and not one more.
    const again = given.shop.work('--queue', 'payments')
    await answer(panel, /Retry 2,500/)
    await toast(panel, /2,500 jobs are pending again/)
    worker = await again
    await until('all failed again', async () => (await given.shop.store.countFailed({})) === 2_500)
    await worker.kill('SIGTERM')
    const {
      rows: [operation],
    } = await given.shop.admin.operations()
    expect(operation).toMatchObject({ state: 'done', total: 2_500, changed: 2_500, skipped: 0 })
    expect(await waiting()).toBe(0)
  })

  test('check 15: Retry all is disabled where nothing failed, and not there for a viewer', async () => {
    await nothingLeft()
    const operator = await given.open({ user: 'otto' })
    await operator.visit('/')
    expect(await operator.page.getByRole('button', { name: 'Retry all failed' }).isDisabled()).toBe(true)
    const viewer = await given.open({ user: 'vera' })
    for (const path of ['/', '/failed']) {
      await viewer.visit(path)
      expect(await viewer.page.getByRole('button', { name: /Retry|Delete/ }).count()).toBe(0)
    }
  })

  test('check 16: a viewer who calls the route all the same is refused, and the audit has it', async () => {
    const panel = await given.open({ user: 'vera' })
    panel.allow(403, /\/retry-all-failed$/)
    await panel.visit('/failed')
    const status = await panel.page.evaluate(async () => {
      const answer = await fetch('/api/v1/queue/retry-all-failed', { method: 'POST' })
      return answer.status
    })
    expect(status).toBe(403)
    const { rows: entries } = await given.shop.admin.auditLog(
      { subject: 'vera', action: 'failed.retry-all' },
      { limit: 1 },
    )
    expect(entries).toMatchObject([{ outcome: 'refused', role: 'viewer' }])
  })

  test('check 17: deleting a failed job asks first and is final', async () => {
    await nothingLeft()
    await failing(declined(2))
    const panel = await given.open({ user: 'otto' })
    await panel.visit('/failed')
    await expect.poll(() => rows(panel).count()).toBe(2)
    const remove = rows(panel).first().getByRole('button', { name: 'Delete' })
    await remove.click()
    await panel.page.getByText('This cannot be undone').waitFor()
    await answer(panel, /Cancel/)
    expect(await given.shop.store.countFailed({})).toBe(2)
    await remove.click()
    await answer(panel, /Delete/)
    await toast(panel, 'is deleted')
    await expect.poll(() => rows(panel).count()).toBe(1)
    expect(await given.shop.store.countFailed({})).toBe(1)
  })

  test('check 18: all failed jobs are deleted by an administrator alone, who is asked with their number', async () => {
    await nothingLeft()
    await failing(declined(4))
    const operator = await given.open({ user: 'otto' })
    await operator.visit('/failed')
    await operator.page.getByRole('button', { name: 'Actions' }).click()
    await operator.page.getByRole('menuitem', { name: /Export as CSV/ }).waitFor()
    expect(await operator.page.getByRole('menuitem', { name: 'Delete all failed' }).count()).toBe(0)
    const admin = await given.open({ user: 'ana' })
    await admin.visit('/failed')
    await admin.page.getByRole('button', { name: 'Actions' }).click()
    await admin.page.getByRole('menuitem', { name: 'Delete all failed' }).click()
    await admin.page.getByRole('heading', { name: 'Delete 4 failed jobs?' }).waitFor()
    await answer(admin, /Delete 4/)
    await toast(admin, '4 failed jobs deleted')
    expect(await given.shop.store.countFailed({})).toBe(0)
  })

  test('check 19: all that match are offered beside those on the page, and nothing else is touched', async () => {
    await nothingLeft()
    await failing([
      ...declined(150),
      ...Array.from({ length: 30 }, (_, at) => ({ order_id: 900 + at, fails: 'timed out' })),
    ])
    const panel = await given.open({ user: 'otto' })
    const { page } = panel
    await panel.visit('/failed?error=declined')
    await expect.poll(() => rows(panel).count()).toBeGreaterThan(10)
    await page.getByLabel('Select all loaded rows').check()
    await page.getByRole('button', { name: 'Select all 150 that match' }).click()
    await page.getByText('150 selected').waitFor()
    await page.getByRole('button', { name: 'Retry', exact: true }).first().click()
    await page.getByRole('heading', { name: 'Retry 150 failed jobs?' }).waitFor()
    await answer(panel, /Retry 150/)
    await toast(panel, '150 jobs are pending again')
    expect(await given.shop.store.countFailed({})).toBe(30)
    expect(await waiting()).toBe(150)
  })

  test('check 19: all that match a text, a field and a time are meant too, though nobody counted them', async () => {
    await nothingLeft()
    await failing([
      ...declined(120),
      ...Array.from({ length: 110 }, (_, at) => ({ order_id: 7, fails: `timed out at step ${at}` })),
    ])
    const panel = await given.open({ user: 'ana' })
    const { page } = panel
    await panel.visit('/failed?q=CARD+was+declined&from=2020-01-01+00:00:00')
    await expect.poll(() => rows(panel).count()).toBeGreaterThan(10)
    await page.getByLabel('Select all loaded rows').check()
    await page.getByRole('button', { name: 'Select all that match' }).click()
    await page.getByText('All that match are selected').waitFor()
    await page.getByRole('button', { name: 'Retry', exact: true }).first().click()
    await page.getByRole('heading', { name: 'Retry all failed jobs that match?' }).waitFor()
    await answer(panel, /Retry all that match/)
    await toast(panel, '120 jobs are pending again')
    expect(await given.shop.store.countFailed({ error: 'timed out' })).toBe(110)
    expect(await waiting()).toBe(120)

    await panel.visit('/failed?f.order_id=7&q=step+1')
    await expect.poll(() => rows(panel).count()).toBe(21)
    await page.getByRole('searchbox').fill('')
    await page.getByLabel('Select all loaded rows').check()
    await page.getByRole('button', { name: 'Select all that match' }).click()
    await page.getByRole('button', { name: 'Delete', exact: true }).first().click()
    await answer(panel, /Delete all that match/)
    await toast(panel, '110 failed jobs deleted')
    expect(await given.shop.store.countFailed({})).toBe(0)
  })

  test('check 19: a part of a group is not acted on as if it were all of it, and it is said why', async () => {
    await nothingLeft()
    await failing(Array.from({ length: 12 }, (_, at) => ({ order_id: 1, fails: `failed at step ${at}` })))
    const panel = await given.open({ user: 'otto' })
    const { page } = panel
    await panel.visit('/failed?view=groups')
    await page.getByRole('button', { name: 'Retry group' }).waitFor()
    await panel.visit('/failed?view=groups&error=at+step+11')
    await page.getByText('The text in the exception may leave out a part of a group').waitFor()
    expect(await page.getByRole('button', { name: 'Retry group' }).count()).toBe(0)
  })

  test('check 20: filters by queue, class, error and surfaced field stand in the address, which brings them back', async () => {
    await nothingLeft()
    await failing([...declined(5, 803_190), { order_id: 803_193, fails: 'timed out' }])
    const panel = await given.open({ user: 'ana' })
    const { page } = panel
    const path = '/failed?queue=payments&job_class=payments.charge&error=declined&f.order_id=803193'
    await panel.visit(path)
    await expect.poll(() => rows(panel).count()).toBe(1)
    expect(await rows(panel).first().innerText()).toContain('declined')
    const again = await given.open({ user: 'vera' })
    await again.visit(path)
    await expect.poll(() => rows(again).count()).toBe(1)
    await page.getByRole('button', { name: 'Remove the filter Error' }).click()
    await expect.poll(() => rows(panel).count()).toBe(2)
    expect(page.url()).not.toContain('error=')
    await page.goBack()
    await expect.poll(() => rows(panel).count()).toBe(1)
    await page.goForward()
    await expect.poll(() => rows(panel).count()).toBe(2)
    await page.getByRole('button', { name: 'Clear filters' }).first().click()
    await expect.poll(() => rows(panel).count()).toBe(6)
    await page.getByRole('searchbox').fill('no job has this text')
    await page.getByText('Nothing fits these filters').waitFor()
  })

  test('check 20: a surfaced field is a column and a filter of failed and of waiting jobs, also before one is shown', async () => {
    await nothingLeft()
    const panel = await given.open({ user: 'vera', width: 1400 })
    const { page } = panel
    const narrowBy = async (value: string) => {
      await page.getByRole('button', { name: 'Filter', exact: true }).click()
      await page.getByRole('menuitem', { name: 'order_id' }).click()
      await page.getByLabel('order_id', { exact: true }).fill(value)
      await page.keyboard.press('Enter')
    }
    await panel.visit('/failed')
    await page.getByText('No failed jobs').waitFor()
    await narrowBy('803193')
    await page.getByText('Nothing fits these filters').waitFor()

    await failing(declined(5, 803_190))
    await panel.visit('/failed')
    await expect.poll(() => rows(panel).count()).toBe(5)
    await page.getByRole('columnheader', { name: 'order_id' }).waitFor()
    await narrowBy('803193')
    await expect.poll(() => rows(panel).count()).toBe(1)
    expect(await rows(panel).first().innerText()).toContain('803193')
    expect(new URL(page.url()).searchParams.get('f.order_id')).toBe('803193')

    await given.shop.queue.dispatchMany(sendInvoice, [
      { order_id: 803_193, to: 'ana@example.com' },
      { order_id: 803_194, to: 'ana@example.com' },
    ])
    await panel.visit('/jobs')
    await expect.poll(() => rows(panel).count()).toBe(2)
    await page.getByRole('columnheader', { name: 'order_id' }).waitFor()
    await narrowBy('803194')
    await expect.poll(() => rows(panel).count()).toBe(1)
    expect(await rows(panel).first().innerText()).toContain('803194')
    await page.reload()
    await expect.poll(() => rows(panel).count()).toBe(1)
    await given.shop.admin.clear('mail')
  })

  test('lists of jobs begin with the newest or the oldest, others are sorted by their headers; the address keeps it', async () => {
    await nothingLeft()
    await failing(declined(1, 1))
    await failing(declined(1, 2))
    const panel = await given.open({ user: 'vera', width: 1400 })
    const { page } = panel
    const first = () => rows(panel).first().innerText()
    await panel.visit('/failed')
    await expect.poll(() => rows(panel).count()).toBe(2)
    const newest = await rows(panel).first().getByRole('link').getAttribute('href')
    await page.getByRole('button', { name: 'Newest first' }).click()
    await page.getByRole('menuitemradio', { name: 'Oldest first' }).click()
    await expect.poll(() => rows(panel).first().getByRole('link').getAttribute('href')).not.toBe(newest)
    await page.reload()
    await page.getByRole('button', { name: 'Oldest first' }).waitFor()
    await expect.poll(() => rows(panel).last().getByRole('link').getAttribute('href')).toBe(newest)

    await given.shop.queue.dispatchMany(sendInvoice, [{ order_id: 1, to: 'ana@example.com' }])
    await panel.visit('/queues')
    await page.getByRole('button', { name: 'Due' }).click()
    await expect.poll(() => page.getByRole('columnheader', { name: 'Due' }).getAttribute('aria-sort')).toBe('ascending')
    await page.getByRole('button', { name: 'Due' }).click()
    await expect.poll(first).toMatch(/^mail/)
    expect(page.url()).toContain('sort=-due')
    await given.shop.admin.clear('mail')
  })

  test('check 21: going through a thousand rows while others come shows none twice and leaves none out', async () => {
    const { shop } = given
    const orders = Array.from({ length: 1_000 }, (_, at) => ({ order_id: at + 1, to: 'ana@example.com' }))
    const dispatched = await shop.queue.dispatchMany(sendInvoice, orders)
    const panel = await given.open({ user: 'ana' })
    await panel.visit('/jobs?queue=mail')
    await expect.poll(() => rows(panel).count()).toBeGreaterThan(10)
    const places = new Map<string, Set<string>>()
    const look = async () => {
      const shown = await rows(panel).evaluateAll((all) =>
        all.map((row) => [row.querySelector('a')?.getAttribute('href') ?? '', row.getAttribute('data-index') ?? '']),
      )
      for (const [href, place] of shown) places.set(href!, (places.get(href!) ?? new Set()).add(place!))
      return Math.max(...shown.map(([, place]) => Number(place)))
    }
    let last = await look()
    while (last < 999) {
      // Fewer rows than are shown: none can slip through between two looks.
      await panel.page.evaluate(() => scrollBy(0, 30 * 41))
      const before = last
      await expect.poll(async () => (last = Math.max(last, await look()))).toBeGreaterThan(before)
      // Only now: at its top the list would begin anew with what came.
      await shop.queue.dispatch(sendInvoice, { order_id: 5_000 + last, to: 'new@example.com' })
    }
    const missing = dispatched.filter(({ id }) => !places.has(`/jobs/${id}`))
    expect(missing).toEqual([])
    expect([...places].filter(([, one]) => one.size !== 1)).toEqual([])
    await shop.admin.clear('mail')
  })
})
