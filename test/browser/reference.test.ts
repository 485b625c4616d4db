import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryApi, token } from '../http/support.ts'
import { newJob } from '../support/jobs.ts'
import { launchBrowser, noBrowser } from './support/chromium.ts'

/** The page of the API's reference, as a browser under its policy has it. */
describe.skipIf(noBrowser !== undefined)('the reference page', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  }, 60_000)
  afterAll(() => browser.close())

  async function opened(mount = '') {
    const api = await memoryApi({ surface: 'order_id' })
    await api.server.listen({ host: '127.0.0.1', port: 0 })
    const { port } = api.server.server.address() as AddressInfo
    const page = await browser.newPage()
    const wrong: string[] = []
    const asked: string[] = []
    page.on('console', (line) => line.type() === 'error' && wrong.push(line.text()))
    page.on('pageerror', (error) => wrong.push(String(error)))
    page.on('request', (request) => asked.push(new URL(request.url()).host))
    await page.goto(`http://127.0.0.1:${port}${mount}/api/v1/queue/reference`)
    await page.locator('main h2').first().waitFor()
    return { api, page, wrong, asked, host: `127.0.0.1:${port}` }
  }

  const operation = (page: Page, path: string, method: string) =>
    page
      .locator('main > section > details')
      .filter({ has: page.locator(`summary b:text-is("${method}")`) })
      .filter({
        has: page.locator(`summary code:text-is("${path}")`),
      })

  test('lists every route, asks nobody else, and breaks no rule of its policy', async () => {
    const { api, page, wrong, asked, host } = await opened()
    const { paths } = (await api.get('openapi.json')).json()
    const count = Object.values(paths as Record<string, object>).flatMap((methods) => Object.keys(methods)).length
    expect(await page.locator('main > section > details').count()).toBe(count)
    expect(new Set(asked)).toEqual(new Set([host]))
    await page.getByLabel('Find').fill('retry-all')
    expect(await page.locator('main > section > details:visible').count()).toBe(1)
    expect(wrong).toEqual([])
    await page.close()
    await api[Symbol.asyncDispose]()
  })

  test('tries a request with the token that was typed in, and shows what came back as text', async () => {
    const { api, page, wrong } = await opened()
    const job = newJob({ queue: '<img src=x onerror=alert(1)>' })
    const id = api.harness.raw.insertFailed({ uuid: job.uuid, queue: job.queue, payload: job.payload })
    await page.getByLabel('Token').fill(token({ sub: 'reader', role: 'operator' }))
    const route = operation(page, '/retry/{id}', 'POST')
    await route.locator('summary').first().click()
    await route.getByLabel('id *').fill(String(id))
    expect(await route.locator('form pre').last().textContent()).toContain(`/retry/${id}`)
    await route.getByRole('button', { name: 'Send' }).click()
    const shown = route.getByRole('status')
    await shown.filter({ hasText: 'moved back to queue for retry' }).waitFor()
    expect(await shown.textContent()).toMatch(/^200 .*"queue": "<img src=x onerror=alert\(1\)>"/s)
    expect(await page.locator('main img').count()).toBe(0)
    await route.getByRole('button', { name: 'Send' }).click()
    await shown.filter({ hasText: 'FAILED_JOB_NOT_FOUND' }).waitFor()
    // A refusal that was asked for is an error in the console too; of the page's own there is none.
    expect(wrong.filter((text) => !text.includes('404'))).toEqual([])
    await page.close()
    await api[Symbol.asyncDispose]()
  })

  test('shows events as they come, until they are stopped', async () => {
    const { api, page } = await opened()
    await page.getByLabel('Token').fill(token({ sub: 'reader', role: 'viewer' }))
    const route = operation(page, '/events', 'GET')
    await route.locator('summary').first().click()
    await route.getByRole('button', { name: 'Send' }).click()
    await route.getByRole('status').filter({ hasText: 'retry: 3000' }).waitFor()
    await route.getByRole('button', { name: 'Stop' }).click()
    await route.getByRole('status').filter({ hasText: '(stopped)' }).waitFor()
    await page.close()
    await api[Symbol.asyncDispose]()
  })
})
