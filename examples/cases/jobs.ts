// In a project of your own these lines read: import { defineJob } from 'faena'
import { z } from 'zod'
import { defineJob } from '../../src/index.ts'
import { failCase, failOrder } from './records.ts'

/**
 * What this application hands over to its workers. The web server imports this file to dispatch and the workers to run;
 * the code that does the work is in handlers.ts, which only workers load.
 */
export const fetchCase = defineJob({
  name: 'cases.fetch',
  input: z.object({ caseId: z.number().int() }),
  queue: 'cases',
  tries: 5,
  timeout: '30s',
  backoff: ['2s', '10s', '1m'],
  failed: ({ input, error }) => failCase(input.caseId, String(error)),
})

/** An order that is waiting is not queued twice, however often somebody asks: the key is free again once the job ends. */
export const syncOrder = defineJob({
  name: 'orders.sync',
  input: z.object({ orderId: z.number().int(), tiendaId: z.number().int() }),
  queue: 'orders',
  tries: 3,
  timeout: '10s',
  backoff: '1s',
  tags: ({ tiendaId }) => [`tienda:${tiendaId}`],
  unique: ({ orderId }) => `order:${orderId}`,
  failed: ({ input, error }) => failOrder(input.orderId, String(error)),
})

/** Has cases fetched again that nobody has looked at for so many hours; a schedule dispatches it (faena.config.ts). */
export const refreshCases = defineJob({
  name: 'cases.refresh',
  input: z.object({ hours: z.number().positive() }),
  queue: 'cases',
})
