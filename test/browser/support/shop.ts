import type { JobFilter } from '../../../src/store.ts'
import { until } from '../../processes/support.ts'
import { buildReport, chargeCard, sendInvoice, syncStock } from '../fixtures/jobs.ts'
import type { Installation, Process } from './installation.ts'

export interface ShopOptions {
  /** Jobs that wait in a queue nobody serves. */
  waiting?: number
  /** Jobs that a worker runs and that fail for good. */
  failing?: number
  /** Jobs that a worker completes. */
  completing?: number
}

const REASONS = [
  'SQLSTATE[HY000]: General error: 2006 MySQL server has gone away',
  'The card was declined: insufficient_funds',
  'TimeoutError: no answer from the bank within 30 s',
]

/**
 * A shop on an ordinary day, by real workers: mail that waits, payments that failed for three reasons, stock that is tried
 * again, a report that runs. Resolves when all that can end has ended.
 */
export async function openShop(
  shop: Installation,
  { waiting = 1_204, failing = 48, completing = 600 }: ShopOptions = {},
): Promise<Process> {
  const { queue, store } = shop
  const isEmpty = async (filter: JobFilter) => (await store.list(filter, { limit: 1 })).rows.length === 0
  const orders = (count: number) => Array.from({ length: count }, (_, at) => 803_000 + at)
  await queue.dispatchMany(
    chargeCard,
    orders(failing).map((order) => ({
      order_id: order,
      card: { number: '4111111111111111', holder: 'Ana Pérez' },
      fails: REASONS[order % 7 === 0 ? 2 : order % 3 === 0 ? 1 : 0],
    })),
  )
  await queue.dispatchMany(
    chargeCard,
    orders(completing).map((order) => ({ order_id: order })),
  )
  const worker = await shop.work('--queue', 'payments,stock,reports', '--name', 'payments')
  await until(
    `${failing} payments failed`,
    async () => (await store.countFailed({})) >= failing && (await isEmpty({ queue: 'payments' })),
    120_000,
  )
  await queue.dispatchMany(
    sendInvoice,
    orders(waiting).map((order) => ({ order_id: order, to: `customer${order}@example.com` })),
  )
  await queue.dispatchMany(
    syncStock,
    orders(12).map((order) => ({ order_id: order })),
    { delay: '20m' },
  )
  await queue.dispatch(buildReport, { month: '2026-10', seconds: 600 })
  await until('the report runs', async () => !(await isEmpty({ queue: 'reports', status: 'reserved' })))
  return worker
}
