import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { beforeAll, expect, test } from 'vitest'
import { until } from '../processes/support.ts'
import type { Panel } from './support/panel.ts'
import { openShop } from './support/shop.ts'
import { inBrowser } from './support/suite.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const PAGES = [
  '/',
  '/jobs',
  '/failed',
  '/failed?view=groups',
  '/queues',
  '/workers',
  '/schedules',
  '/alerts',
  '/trends',
  '/audit',
  '/settings',
]

interface Finding {
  id: string
  impact: string
  nodes: { target: string[]; failureSummary: string }[]
}

/** Serious and critical findings, as `page: rule at element`. */
async function findings({ page }: Panel, where: string): Promise<string[]> {
  // Through the debugger's own door: the page's policy lets no script in.
  const found = (await page.evaluate(`${AXE}; axe.run(document, { resultTypes: ['violations'] })`)) as {
    violations: Finding[]
  }
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${where}: ${id} at ${target}: ${failureSummary}`),
    )
}

inBrowser('accessible', (given) => {
  beforeAll(async () => {
    await openShop(given.shop, { waiting: 120, failing: 60, completing: 120 })
    await given.shop.admin.pause('mail', 'SMTP relay is being moved')
    await until(
      'the failures are alerts',
      async () => (await given.shop.admin.alerts({}, { limit: 1 })).rows.length > 0,
    )
  })

  for (const theme of ['light', 'dark'] as const) {
    for (const width of [1280, 375]) {
      test(`check 28: axe finds nothing serious on any page, ${theme}, ${width} px, and nothing is wider than the window`, async () => {
        const panel = await given.open({ user: 'ana', theme, width, height: 900, language: 'es' })
        const { page } = panel
        const found: string[] = []
        for (const path of PAGES) {
          await panel.visit(path)
          await page.locator('[role=row][data-index], main table, main section').first().waitFor()
          found.push(...(await findings(panel, path)))
          const wide = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          )
          const cut = await page.locator('[role=table]').evaluateAll(
            (tables) =>
              tables.filter((table) => {
                const { right } = table.getBoundingClientRect()
                return [...table.querySelectorAll('[role=cell]')].some(
                  (cell) => cell.getBoundingClientRect().right > right + 1,
                )
              }).length,
          )
          if (cut > 0) found.push(`${path}: a column is cut off`)
          if (wide > 0) found.push(`${path}: ${wide} px wider than the window`)
        }
        await panel.visit('/failed')
        await page.locator('[role=row][data-index] a').first().click()
        await page.waitForURL(/\/failed\/\d+/)
        await page.getByRole('heading', { level: 2 }).first().waitFor()
        found.push(...(await findings(panel, 'a failed job')))
        await page
          .getByRole('button', { name: /Reintentar/ })
          .first()
          .waitFor()
        await panel.visit('/queues')
        await page.getByRole('button', { name: 'Vaciar: payments' }).click()
        await page.getByRole('alertdialog').waitFor()
        found.push(...(await findings(panel, 'a question')))
        expect(found).toEqual([])
      })
    }
  }

  test('the log-in has no serious finding either', async () => {
    const panel = await given.open()
    await panel.visit('/')
    expect(await findings(panel, 'log-in')).toEqual([])
  })
})
