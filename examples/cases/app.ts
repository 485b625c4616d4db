/**
 * The web application: stores what it is given, hands the slow part over to the queue, and answers. With
 * QUEUE_CONNECTION=sync the same code does the slow part itself, and the answer waits for it.
 */
import { HttpError, type Reply, serve } from './http.ts'
import { fetchCase, syncOrder } from './jobs.ts'
import { queue } from './queue.ts'
import { countOrders, findCase, findOrder, insertCase, saveOrders, transaction } from './records.ts'
import { APP_PORT, APP_URL } from './settings.ts'

serve('app', APP_PORT, 'APP_PORT', {
  'GET /': () => ({ status: 200, body: WHAT_IS_HERE }),

  // The case and its job are stored in one transaction: there is never a case that nobody fetches, nor a job without case.
  'POST /cases': async ({ body }) => {
    const number = caseNumber(body)
    const { id, uuid } = await transaction(async (tx) => {
      const id = insertCase(number)
      const { uuid } = await queue.dispatch(fetchCase, { caseId: id }, { tx })
      return { id, uuid }
    })
    return { status: 202, headers: { location: `/cases/${id}` }, body: { ...findCase(id), job: uuid } }
  },

  'GET /cases/:id': ({ params: [id] }) => found(findCase(Number(id)), `There is no case ${id}`),

  // A thousand orders, a thousand jobs, one transaction.
  'POST /imports': async ({ body }) => {
    const orders = readOrders(body)
    const dispatched = await transaction(async (tx) => {
      saveOrders(orders)
      return queue.dispatchMany(
        syncOrder,
        orders.map(({ id, tiendaId }) => ({ orderId: id, tiendaId })),
        { tx },
      )
    })
    const queued = dispatched.filter(({ outcome }) => outcome === 'dispatched').length
    return { status: 202, body: { orders: orders.length, queued, already_queued: orders.length - queued } }
  },

  'GET /orders': () => ({ status: 200, body: countOrders() }),

  'GET /orders/:id': ({ params: [id] }) => found(findOrder(Number(id)), `There is no order ${id}`),

  'POST /orders/:id/sync': async ({ params: [id] }) => {
    const order = findOrder(Number(id))
    if (!order) throw new HttpError(404, `There is no order ${id}`)
    const { uuid, outcome } = await queue.dispatch(syncOrder, { orderId: order.id, tiendaId: order.tiendaId })
    return { status: 202, body: { order: order.id, job: uuid, outcome } }
  },
})

const WHAT_IS_HERE = `Cases and orders

POST /cases              {"number": "2026-00042"}: stores a case and has it fetched
GET  /cases/1            how far it is
POST /imports            a CSV of orders (examples/cases/orders.csv): stores them and has each synced
GET  /orders             how many are synced
GET  /orders/803193      one order
POST /orders/803193/sync syncs one order by hand

${APP_URL}
`

function found(record: unknown, otherwise: string): Reply {
  if (record === undefined) throw new HttpError(404, otherwise)
  return { status: 200, body: record }
}

function caseNumber(body: string): string {
  const number: unknown = parse(body)?.number
  if (typeof number === 'string' && /^[\w.-]{1,40}$/.test(number)) return number
  throw new HttpError(400, `number is ${JSON.stringify(number)}; allowed: 1 to 40 letters, digits, dots and dashes`)
}

function parse(body: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(body)
  } catch {
    throw new HttpError(400, 'The body is not JSON')
  }
}

/** `order_id,tienda_id,customer,total`, one order per line below the heading. */
function readOrders(csv: string) {
  const [heading, ...lines] = csv.trim().split(/\r?\n/)
  if (heading !== 'order_id,tienda_id,customer,total')
    throw new HttpError(400, `The first line is ${JSON.stringify(heading)}`)
  return lines.map((line, at) => {
    const [id, tiendaId, customer = '', total] = line.split(',')
    const order = { id: Number(id), tiendaId: Number(tiendaId), customer, total: Number(total) }
    if (Number.isInteger(order.id) && Number.isInteger(order.tiendaId) && Number.isFinite(order.total)) return order
    throw new HttpError(400, `Line ${at + 2} is not an order: ${line}`)
  })
}
