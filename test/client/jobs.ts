import { z } from 'zod'
import { defineJob, type } from '../../src/core/job.ts'

export const fetchCase = defineJob({
  name: 'cases.fetch',
  input: z.object({ caseId: z.number() }),
  queue: 'cases',
  tries: 5,
  backoff: ['10s', '1m'],
  result: type<{ pages: number }>(),
})

export const syncOrder = defineJob({
  name: 'orders.sync',
  input: z.object({ orderId: z.number(), tiendaId: z.number() }),
  unique: ({ orderId }) => `order:${orderId}`,
  tags: ({ tiendaId }) => [`tienda:${tiendaId}`],
})

export const kept = defineJob({
  name: 'cases.count',
  input: z.object({ caseId: z.number() }),
  keepResult: '1m',
  result: type<{ pages: number }>(),
})
