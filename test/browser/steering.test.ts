import { beforeAll, expect, test } from 'vitest'
import { until } from '../processes/support.ts'
import { chargeCard, sendInvoice } from './fixtures/jobs.ts'
import type { Panel } from './support/panel.ts'
import { inBrowser } from './support/suite.ts'

inBrowser('steering', (given) => {
  const row = ({ page }: Panel, text: string) => page.locator('[role=row][data-index]').filter({ hasText: text })
  const said = ({ page }: Panel, text: string | RegExp) => page.locator('p', { hasText: text }).first().waitFor()
  const invoices = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ order_id: at, to: 'ana@example.com' }))

  beforeAll(async () => {
    await given.shop.work('--queue', 'mail', '--name', 'mailer')
    await until('the schedules are saved', async () => (await given.shop.admin.schedules()).length === 3)
  })

  test('check 26: a paused queue starts no job, and shows why, since when and by whom; resumed, it goes on', async () => {
    const { shop } = given
    const panel = await given.open({ user: 'ana' })
    const { page } = panel
    await panel.visit('/queues')
    await page.getByRole('button', { name: 'Pause: mail' }).click()
    await page.getByLabel('Reason').fill('SMTP relay is being moved')
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click()
    await said(panel, 'Queue mail is paused')
    await row(panel, 'mail').getByText('SMTP relay is being moved').waitFor()
    await row(panel, 'mail')
      .getByText(/by ana/)
      .waitFor()
    await shop.queue.dispatchMany(sendInvoice, invoices(5))
    await expect.poll(() => row(panel, 'mail').innerText()).toMatch(/\b5\b/)
    await page.getByRole('button', { name: 'Resume: mail' }).click()
    await said(panel, 'Queue mail goes on')
    await until(
      'the mail is sent',
      async () => (await shop.store.list({ queue: 'mail' }, { limit: 1 })).rows.length === 0,
    )
    await row(panel, 'mail').getByText('Running').waitFor()
  })

  test('clearing a queue asks for its name, and an operator is not offered it', async () => {
    const { shop } = given
    await shop.admin.pause('mail')
    await shop.queue.dispatchMany(sendInvoice, invoices(7))
    const operator = await given.open({ user: 'otto' })
    await operator.visit('/queues')
    await row(operator, 'mail').getByRole('button', { name: 'Resume: mail' }).waitFor()
    expect(await operator.page.getByRole('button', { name: /^Clear/ }).count()).toBe(0)
    const panel = await given.open({ user: 'ana' })
    const { page } = panel
    await panel.visit('/queues')
    await page.getByRole('button', { name: 'Clear: mail' }).click()
    const question = page.getByRole('alertdialog')
    await question.getByText('Deletes 7 pending, delayed and reserved jobs').waitFor()
    const sure = question.getByRole('button', { name: 'Delete the jobs' })
    expect(await sure.isDisabled()).toBe(true)
    await question.getByRole('textbox').fill('mai')
    expect(await sure.isDisabled()).toBe(true)
    await question.getByRole('textbox').fill('mail')
    await sure.click()
    await said(panel, 'Queue mail is cleared: 7 jobs deleted')
    expect((await shop.store.list({ queue: 'mail' }, { limit: 1 })).rows).toEqual([])
    await shop.admin.resume('mail')
  })

  test('a worker shows where it runs and what it does; told to be quiet it takes no more', async () => {
    const { shop } = given
    const panel = await given.open({ user: 'ana' })
    const { page } = panel
    await panel.visit('/workers')
    const [worker] = await shop.admin.workers()
    const text = await row(panel, 'mailer').innerText()
    for (const shown of [worker!.host, String(worker!.pid), '0 of 10', 'Working', 'MB']) expect(text).toContain(shown)
    await row(panel, 'mailer')
      .getByRole('button', { name: /^Quiet/ })
      .click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Take no more jobs' }).click()
    await said(panel, 'Worker mailer is told to take no more jobs')
    await row(panel, 'mailer').getByText('Quiet').first().waitFor()
    await page.getByRole('button', { name: 'Restart all' }).click()
    await page.getByRole('alertdialog').getByRole('button', { name: 'Restart all' }).click()
    await said(panel, '1 worker is told to restart')
    await until('another process works', async () =>
      (await shop.admin.workers()).some(({ pid, state }) => pid !== worker!.pid && state === 'running'),
    )
  })

  test('schedules are told in words, with their next five runs; they are paused, resumed and run by hand', async () => {
    const panel = await given.open({ user: 'otto' })
    const { page } = panel
    await panel.visit('/schedules')
    await row(panel, 'mail.weekdays').getByText('From Monday to Friday at 08:30').waitFor()
    await row(panel, 'stock.often').getByText('Every 6 h').waitFor()
    await row(panel, 'mail.weekdays').click()
    const details = page.getByRole('dialog')
    await details.getByText('Next five runs').waitFor()
    expect(await details.getByRole('listitem').count()).toBe(5)
    expect(page.url()).toContain('schedule=mail.weekdays')
    await page.keyboard.press('Escape')
    const act = async (item: string) => {
      await page.getByRole('button', { name: 'Actions: mail.weekdays' }).click()
      await page.getByRole('menuitem', { name: item }).click()
    }
    await act('Pause')
    await said(panel, 'Schedule mail.weekdays is paused')
    await row(panel, 'mail.weekdays').getByText('Paused').waitFor()
    await act('Resume')
    await said(panel, 'Schedule mail.weekdays goes on')
    await act('Run now')
    await page.getByRole('alertdialog').getByRole('button', { name: 'Run now' }).click()
    await said(panel, 'The job of mail.weekdays is dispatched')
  })

  test('the audit has who did what, narrowed by filters in the address; who may not read it is told so', async () => {
    const panel = await given.open({ user: 'ana' })
    await panel.visit('/audit?action=queue.clear')
    await row(panel, 'queue.clear').first().getByText('queue:mail').waitFor()
    expect(await row(panel, 'queue.clear').first().innerText()).toContain('ana')
    await row(panel, 'queue.clear').first().click()
    await panel.page.getByRole('dialog').getByText('"count": 7').waitFor()
    const viewer = await given.open({ user: 'vera' })
    await viewer.visit('/audit')
    await viewer.page.getByText('Your role does not allow this').waitFor()
    expect(await viewer.page.getByRole('link', { name: 'Audit' }).count()).toBe(0)
    expect(viewer.asked.filter((path) => path.includes('/audit'))).toEqual([])
  })

  test('settings show the configuration without secrets to administrators, and to all who may do what', async () => {
    const panel = await given.open({ user: 'ana' })
    await panel.visit('/settings')
    const secret = row(panel, 'jwtSecret')
    await secret.getByText('FAENA_JWT_SECRET').waitFor()
    expect(await secret.innerText()).toContain('***')
    const viewer = await given.open({ user: 'vera' })
    await viewer.visit('/settings')
    await viewer.page.getByText('Who may do what').first().waitFor()
    await viewer.page.getByText('The configuration is shown to administrators.').waitFor()
  })

  test('alerts are listed with what was measured; an operator sees to them and mutes them, a viewer only reads', async () => {
    const { shop } = given
    await shop.queue.dispatch(chargeCard, { order_id: 1, fails: 'The bank is closed' })
    await shop.work('--queue', 'payments')
    const viewer = await given.open({ user: 'vera' })
    await viewer.visit('/alerts')
    await row(viewer, 'payments.charge fails').getByText('1 × Error: The bank is closed').waitFor({ timeout: 30_000 })
    expect(await viewer.page.getByRole('button', { name: /^Actions/ }).count()).toBe(0)

    const panel = await given.open({ user: 'otto' })
    const { page } = panel
    await panel.visit('/')
    await page.getByRole('link', { name: 'All alerts' }).click()
    await page.getByRole('heading', { level: 1, name: 'Alerts' }).waitFor()
    const menu = row(panel, 'payments.charge fails').getByRole('button', { name: 'Actions for: payments.charge fails' })
    await menu.click()
    await page.getByRole('menuitem', { name: 'I see to it' }).click()
    await row(panel, 'otto sees to it').waitFor()
    await menu.click()
    expect(await page.getByRole('menuitem', { name: 'I see to it' }).count()).toBe(0)
    await page.getByRole('menuitem', { name: 'Mute for 4 h' }).click()
    await row(panel, 'Muted').waitFor()
    const { rows: alerts } = await shop.admin.alerts({ rule: 'failed' }, { limit: 1 })
    expect(alerts).toMatchObject([{ acknowledgedBy: 'otto', muted: true, mutedBy: 'otto' }])
    await menu.click()
    await page.getByRole('menuitem', { name: 'No longer mute' }).click()
    await row(panel, 'Muted').waitFor({ state: 'detached' })

    await row(panel, 'payments.charge fails').click({ position: { x: 5, y: 5 } })
    await page.getByRole('dialog').getByText(/otto/).waitFor()
    expect(page.url()).toContain(`alert=${alerts[0]!.id}`)
    await page.getByRole('dialog').getByRole('link', { name: 'See the failed jobs' }).click()
    await page.waitForURL(/\/failed\?error=[0-9a-f]{16}$/)
    await row(panel, 'The bank is closed').waitFor()
    await panel.visit('/alerts?state=resolved')
    await page.getByText('No alert').waitFor()
  })
})
