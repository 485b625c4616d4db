import { expect, test } from 'vitest'
import { signInCode } from '../../src/http/auth/sign-in.ts'
import { PASSWORD, SECRET } from './support/installation.ts'
import type { Panel } from './support/panel.ts'
import { inBrowser } from './support/suite.ts'

async function fillIn({ page }: Panel, name: string, password: string): Promise<void> {
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
}

inBrowser('logging in', (given) => {
  test('check 1: without a session every page is the log-in, and the API answers 401 in its envelope', async () => {
    const panel = await given.open()
    for (const path of ['/', '/failed', '/jobs/1']) {
      await panel.visit(path)
      await panel.page.getByRole('heading', { name: 'Log in to Faena' }).waitFor()
    }
    const answer = await panel.context.request.get(`${given.shop.address}/api/v1/queue/status`)
    expect(answer.status()).toBe(401)
    expect(await answer.json()).toMatchObject({ success: false, code: 'UNAUTHENTICATED', status: 401 })
  })

  test('check 2: wrong passwords are answered like unknown users, and after five of them nobody may try', async () => {
    const panel = await given.open()
    panel.allow(401, /\/login$/)
    panel.allow(429, /\/login$/)
    await panel.visit('/')
    const alert = panel.page.getByRole('alert')
    await fillIn(panel, 'nobody-of-this-name', 'a wrong password')
    await expect.poll(() => alert.innerText()).toBe('The name or the password is wrong')
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      const answered = panel.page.waitForResponse(/\/login$/)
      await fillIn(panel, 'vera', 'a wrong password')
      await answered
      await expect.poll(() => alert.innerText()).toBe('The name or the password is wrong')
    }
    await fillIn(panel, 'vera', PASSWORD)
    await expect.poll(() => alert.innerText()).toBe('Too many requests: wait a moment')
  })

  test('the page that was asked for comes after the log-in, and after logging out the log-in again', async () => {
    const panel = await given.open()
    const { page } = panel
    await panel.visit('/queues')
    await fillIn(panel, 'ana', PASSWORD)
    await page.getByRole('heading', { name: 'Queues', level: 1 }).waitFor()
    await page.getByRole('button', { name: /ana/ }).click()
    await page.getByRole('menuitem', { name: 'Log out' }).click()
    await page.getByRole('heading', { name: 'Log in to Faena' }).waitFor()
  })

  test('a sign-in link logs in once and leaves the address; the second time it says so', async () => {
    const code = signInCode(SECRET, { subject: 'carla', role: 'operator' }, Date.now())
    const panel = await given.open()
    await panel.page.goto(`${given.shop.address}/#code=${code}`)
    await panel.page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
    await panel.page.getByRole('button', { name: /carla/ }).waitFor()
    expect(panel.page.url()).toBe(`${given.shop.address}/`)
    const other = await given.open()
    other.allow(401, /\/login\/link$/)
    await other.page.goto(`${given.shop.address}/#code=${code}`)
    await other.page.getByText('has been used already').first().waitFor()
    await other.page.getByRole('heading', { name: 'Log in to Faena' }).waitFor()
  })
})

inBrowser(
  'mounted at /admin/colas',
  (given) => {
    test('check 30: assets, API, stream, deep links and the cookie keep to the mount; after logging out all is refused', async () => {
      expect(given.shop.address).toMatch(/\/admin\/colas$/)
      const panel = await given.open()
      const { page, context } = panel
      const stream = page.waitForResponse(/\/admin\/colas\/api\/v1\/queue\/events$/)
      await panel.visit('/failed?queue=mail')
      await fillIn(panel, 'ana', PASSWORD)
      await page.getByRole('heading', { name: 'Failed', level: 1 }).waitFor()
      expect(page.url()).toBe(`${given.shop.address}/failed?queue=mail`)
      expect((await stream).status()).toBe(200)
      await page.getByRole('button', { name: /^Live/ }).waitFor()
      await page.getByRole('link', { name: 'Queues' }).click()
      await page.getByRole('heading', { name: 'Queues', level: 1 }).waitFor()
      expect(page.url()).toBe(`${given.shop.address}/queues`)
      await page.reload()
      await page.getByRole('heading', { name: 'Queues', level: 1 }).waitFor()

      const [cookie] = await context.cookies(given.shop.address)
      expect(cookie).toMatchObject({ path: '/admin/colas', httpOnly: true, sameSite: 'Strict' })
      const before = { cookie: `${cookie!.name}=${cookie!.value}` }
      const ask = (path: string) => fetch(`${given.shop.address}/api/v1/queue/${path}`, { headers: before })
      expect((await ask('me')).status).toBe(200)
      await page.getByRole('button', { name: /ana/ }).click()
      await page.getByRole('menuitem', { name: 'Log out' }).click()
      await page.getByRole('heading', { name: 'Log in to Faena' }).waitFor()
      expect((await ask('me')).status).toBe(401)
      expect((await ask('events')).status).toBe(401)
    })
  },
  { env: { FAENA_MOUNT: '/admin/colas' } },
)
