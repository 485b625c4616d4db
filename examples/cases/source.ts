/**
 * Other people's server: the court's register and the shop's accounting, as such things are. It takes seconds, every
 * third call of the register fails, and one order is refused until somebody repairs it. Nothing here knows of Faena.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { HttpError, serve } from './http.ts'
import { SOURCE_PORT } from './settings.ts'

const REGISTER_MS = Number(process.env.SOURCE_DELAY_MS ?? 3_000)
const ORDER_MS = 40
const GONE_AWAY = 'SQLSTATE[HY000]: General error: 2006 MySQL server has gone away'

let registerCalls = 0
const brokenOrders = new Set(['803193'])

serve('source', SOURCE_PORT, 'SOURCE_PORT', {
  'GET /register/:number': async ({ params: [number = ''] }) => {
    registerCalls += 1
    const fails = registerCalls % 3 === 0
    await wait(fails ? REGISTER_MS / 2 : REGISTER_MS)
    if (fails) throw new HttpError(500, GONE_AWAY)
    return { status: 200, body: { number, court: 'Juzgado 12 Civil del Circuito', entries: entriesOf(number) } }
  },

  'POST /orders/:id': async ({ params: [id = ''] }) => {
    await wait(ORDER_MS)
    if (brokenOrders.has(id)) throw new HttpError(500, GONE_AWAY)
    return { status: 200, body: { receipt: `R-${id}` } }
  },

  'POST /orders/:id/repair': ({ params: [id = ''] }) => {
    brokenOrders.delete(id)
    return { status: 200, body: { repaired: Number(id) } }
  },
})

function entriesOf(number: string) {
  return [
    { date: '2026-02-03', text: `Demand ${number} received` },
    { date: '2026-02-17', text: 'Demand admitted' },
    { date: '2026-03-09', text: 'Hearing set for 14 April' },
  ]
}
