import { DatabaseSync } from 'node:sqlite'
import { beforeAll, expect, test } from 'vitest'
import { until } from '../processes/support.ts'
import { chargeCard, hostile } from './fixtures/jobs.ts'
import type { Panel } from './support/panel.ts'
import { inBrowser } from './support/suite.ts'

const TEXTS = [
  '<img src=x onerror="alert(1)">',
  '</script><script>alert(2)</script>',
  '{{constructor.constructor("alert(3)")()}}',
  'javascript:alert(4)',
  '\u202Egnp.exe \u0007 \u001B[31mred',
]

inBrowser('looking', (given) => {
  /** A row as a PHP application could have written it: any text in any place. */
  const writtenByPhp = (text: string) => {
    const database = new DatabaseSync(given.shop.url.replace('sqlite:', ''))
    const payload = JSON.stringify({
      uuid: crypto.randomUUID(),
      displayName: text,
      job: text,
      tags: [text],
      data: { [text]: text },
    })
    const now = Math.floor(Date.now() / 1_000)
    database
      .prepare('INSERT INTO jobs (queue, payload, attempts, available_at, created_at) VALUES (?, ?, 0, ?, ?)')
      .run(text, payload, now, now)
    database
      .prepare(
        "INSERT INTO failed_jobs (uuid, connection, queue, payload, exception, failed_at) VALUES (?, 'database', ?, ?, ?, datetime('now'))",
      )
      .run(crypto.randomUUID(), text, payload, `${text}\n#0 /srv/app/${text}.php(12): handle()\n#1 {main}`)
    database.close()
  }
  const onJob = async ({ page }: Panel) => {
    await page.waitForURL(/\/failed\/\d+/)
    await page.getByRole('heading', { name: 'Payload' }).waitFor()
  }
  const firstOf = async (panel: Panel, path: string) => {
    await panel.visit(path)
    await panel.page.locator('[role=row][data-index] a').first().click()
    await onJob(panel)
  }

  beforeAll(async () => {
    const { shop } = given
    for (const text of TEXTS) writtenByPhp(text)
    await shop.queue.dispatchMany(
      hostile,
      TEXTS.map((text) => ({ text })),
    )
    await shop.admin.pause('stock', TEXTS[0])
    const worker = await shop.work('--queue', 'hostile')
    await until('all hostile jobs failed', async () => (await shop.store.countFailed({})) === 2 * TEXTS.length)
    await worker.kill('SIGTERM')
  })

  test('check 22: hostile texts in every place are shown as text, on every page', async () => {
    const panel = await given.open({ user: 'ana' })
    const { page } = panel
    for (const path of [
      '/',
      '/jobs',
      '/failed',
      '/failed?view=groups',
      '/queues',
      '/audit',
      '/trends',
      `/jobs?q=${encodeURIComponent(TEXTS[0]!)}`,
    ]) {
      await panel.visit(path)
      expect([path, await page.locator('main img, main script, main iframe').count()]).toEqual([path, 0])
    }
    await panel.visit('/failed')
    await expect.poll(() => page.locator('[role=row][data-index]').count()).toBe(2 * TEXTS.length)
    const count = 2 * TEXTS.length
    for (let row = 0; row < count; row += 1) {
      await page.locator('[role=row][data-index] a').nth(row).click()
      await onJob(panel)
      expect(await page.locator('main img, main script').count()).toBe(0)
      await page.goBack()
      await expect.poll(() => page.locator('[role=row][data-index]').count()).toBe(count)
    }
    await panel.visit('/queues')
    await page.getByText(TEXTS[0]!, { exact: false }).first().waitFor()
  })

  test('check 23: no page violates the policy in either theme, and no foreign page may show the panel in a frame', async () => {
    for (const theme of ['light', 'dark'] as const) {
      const panel = await given.open({ user: 'ana', theme })
      for (const path of [
        '/',
        '/jobs',
        '/failed',
        '/queues',
        '/workers',
        '/schedules',
        '/alerts',
        '/trends',
        '/audit',
        '/settings',
      ]) {
        await panel.visit(path)
      }
      // Dialogs and menus make elements of their own.
      await panel.page.keyboard.press('?')
      await panel.page.getByRole('dialog').waitFor()
      await panel.page.keyboard.press('Escape')
    }
    const answer = await fetch(given.shop.address)
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    const context = await given.browser.newContext()
    const page = await context.newPage()
    await page.route('http://127.0.0.1:54321/', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<iframe src="${given.shop.address}/"></iframe>` }),
    )
    await page.goto('http://127.0.0.1:54321/')
    await expect.poll(() => page.frames().length).toBe(2)
    await expect.poll(() => page.frames()[1]!.url()).toMatch(/^chrome-error:/)
    expect(await page.frames()[1]!.locator('#root').count()).toBe(0)
    await context.close()
  })

  test('check 24: secrets are masked wherever a payload is shown; seeing them is for administrators, and audited', async () => {
    const { shop } = given
    const secrets = { password: 'hunter2-hunter2', nested: { token: 'tok_abcdef123456' }, card: '4111111111111111' }
    await shop.queue.dispatch(chargeCard, { order_id: 1, ...secrets, fails: 'declined' })
    const worker = await shop.work('--queue', 'payments')
    const failed = async () => (await shop.store.listFailed({ queue: 'payments' }, { limit: 1 })).rows[0]
    await until('the payment failed', async () => (await failed()) !== undefined)
    await worker.kill('SIGTERM')
    const values = [secrets.password, secrets.nested.token, secrets.card]
    const operator = await given.open({ user: 'otto' })
    const answers: string[] = []
    operator.page.on('response', async (response) => {
      if (response.url().includes('/api/') && !response.url().endsWith('/events'))
        answers.push(await response.text().catch(() => ''))
    })
    await firstOf(operator, '/failed?queue=payments')
    expect(await operator.page.getByRole('button', { name: 'Show secrets' }).count()).toBe(0)
    const exported = await operator.context.request.get(`${shop.address}/api/v1/queue/failed/export?format=jsonl`)
    for (const value of values) {
      expect(await operator.page.content()).not.toContain(value)
      expect(await exported.text()).not.toContain(value)
      expect(answers.join()).not.toContain(value)
    }
    const admin = await given.open({ user: 'ana' })
    await firstOf(admin, '/failed?queue=payments')
    await admin.page.getByRole('button', { name: 'Show secrets' }).click()
    await admin.page.getByRole('alertdialog').getByRole('button', { name: 'Show secrets' }).click()
    await expect.poll(() => admin.page.content()).toContain(secrets.password)
    const { rows } = await shop.admin.auditLog({ action: 'failed.reveal' }, { limit: 1 })
    expect(rows).toMatchObject([{ subject: 'ana', outcome: 'done', target: `failed:${(await failed())!.id}` }])
  })

  test('check 24: what comes live, by events and in rows that renew themselves, holds no secret either', async () => {
    const { shop } = given
    const secrets = { password: 'hunter3-hunter3', nested: { token: 'tok_live_abcdef' }, card: '4012888888881881' }
    const values = [secrets.password, secrets.nested.token, secrets.card]
    const panel = await given.open({ user: 'vera' })
    const { page } = panel
    const answers: string[] = []
    page.on('response', async (response) => {
      if (/\/failed\?/.test(response.url())) answers.push(await response.text().catch(() => ''))
    })
    await panel.visit('/failed')
    await page.getByRole('button', { name: 'Live' }).waitFor()
    // A stream of its own beside that of the page, whose bytes a test can't see.
    await page.evaluate(async () => {
      const { body } = await fetch('/api/v1/queue/events')
      const reader = body!.pipeThrough(new TextDecoderStream()).getReader()
      const heard = window as unknown as { heard: string }
      heard.heard = ''
      const listen = async (): Promise<void> => {
        const { done, value = '' } = await reader.read()
        heard.heard += value
        if (!done) await listen()
      }
      void listen()
    })
    const heard = () => page.evaluate(() => (window as unknown as { heard: string }).heard)
    await expect.poll(heard).toContain('retry: ')

    await shop.queue.dispatch(chargeCard, {
      order_id: 24,
      ...secrets,
      fails: `refused with password=${secrets.password} and token=${secrets.nested.token}`,
    })
    const worker = await shop.work('--queue', 'payments')
    await page.locator('[role=row][data-index]', { hasText: 'refused with' }).waitFor()
    await expect.poll(heard).toMatch(/event: failed\n.*"ids":\[\d+\]/)
    await worker.kill('SIGTERM')
    await expect.poll(heard).toMatch(/event: worker\n.*"left"/)
    expect(answers.join()).toContain('refused with')
    const seen = [await heard(), await page.content(), answers.join()]
    for (const value of values) for (const text of seen) expect(text).not.toContain(value)
    await shop.admin.runOperation('forget', { q: 'refused with' }, { subject: 'test' })
  })

  test('check 25: a job shows each attempt with its length, its error and its log, and the stack with own frames first', async () => {
    const panel = await given.open({ user: 'ana' })
    await firstOf(panel, '/failed?queue=payments')
    const { page } = panel
    await page.getByText('charging order 1').waitFor()
    await page
      .getByText(/Error: declined|declined/)
      .first()
      .waitFor()
    await expect.poll(() => page.locator('main').innerText()).toContain('/srv/shop/payments.ts')
    expect(await page.locator('main').innerText()).toMatch(/\d+(\.\d+)? m?s/)
  })

  test('check 27: changing the language changes every text, the dates and html[lang], and lasts', async () => {
    const panel = await given.open({ user: 'ana' })
    const { page } = panel
    for (const [path, english, spanish] of [
      ['/', 'Overview', 'Resumen'],
      ['/failed', 'Failed', 'Fallidos'],
      ['/queues', 'Queues', 'Colas'],
      ['/schedules', 'Schedules', 'Programaciones'],
      ['/alerts', 'Alerts', 'Alertas'],
      ['/settings', 'Settings', 'Ajustes'],
    ] as const) {
      await panel.visit(path)
      await page.getByRole('button', { name: 'EN', exact: true }).click()
      await page.getByRole('heading', { level: 1, name: english }).waitFor()
      expect(await page.locator('html').getAttribute('lang')).toBe('en')
      await page.getByRole('button', { name: 'ES', exact: true }).click()
      await page.getByRole('heading', { level: 1, name: spanish }).waitFor()
      expect(await page.locator('html').getAttribute('lang')).toBe('es')
      expect(await page.locator('body').innerText()).not.toMatch(
        /\b[a-z]+Page\.|\b(?:common|nav|states|overview|failed|jobs)\.[a-z]/,
      )
    }
    await panel.visit('/schedules')
    await page.getByText('De lunes a viernes a las 08:30').waitFor()
    await page.reload()
    await page.getByRole('heading', { level: 1, name: 'Programaciones' }).waitFor()
    await page
      .getByText(/^dentro de /)
      .first()
      .waitFor()
  })

  test('check 29: with the keyboard alone one reaches the failed jobs, narrows them and retries one', async () => {
    await given.shop.queue.dispatch(chargeCard, { order_id: 2, fails: 'by keyboard' })
    const worker = await given.shop.work('--queue', 'payments')
    await until('two payments failed', async () => (await given.shop.store.countFailed({ queue: 'payments' })) === 2)
    await worker.kill('SIGTERM')
    const panel = await given.open({ user: 'ana' })
    const { page } = panel
    await panel.visit('/')
    await page.keyboard.press('g')
    await page.keyboard.press('f')
    await page.getByRole('heading', { level: 1, name: 'Failed' }).waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog').getByText('Go to Failed').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('/')
    await page.keyboard.type('by keyboard? gq')
    // Letters that are typed go nowhere.
    expect(page.url()).toContain('/failed')
    expect(await page.getByRole('dialog').count()).toBe(0)
    await page.getByRole('searchbox').fill('by keyboard')
    await page.keyboard.press('Enter')
    const rows = page.locator('[role=row][data-index]')
    await expect.poll(() => rows.count()).toBe(1)
    await page.keyboard.press('Escape')
    await page.getByRole('searchbox').blur()
    await page.keyboard.press('j')
    expect(await rows.first().evaluate((row) => row === document.activeElement)).toBe(true)
    await page.keyboard.press('x')
    await page.getByText('1 selected').waitFor()
    const retry = page.getByRole('button', { name: 'Retry', exact: true }).first()
    await retry.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('alertdialog').getByRole('button', { name: 'Retry 1' }).focus()
    await page.keyboard.press('Enter')
    await page.locator('p', { hasText: '1 job is pending again' }).first().waitFor()
    expect(await page.evaluate(() => document.activeElement !== null)).toBe(true)
  })
})
