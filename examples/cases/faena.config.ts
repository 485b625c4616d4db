import { defineConfig } from '../../src/index.ts'
import * as jobs from './jobs.ts'

/** What `faena start` and `faena work` run: ten jobs at a time, cases before orders. */
export default defineConfig({
  jobs,
  handlers: 'handlers.ts',
  queues: ['cases', 'orders'],
  surface: 'order_id|orderId,tienda_id|tiendaId',
  timezone: 'America/Bogota',
  schedules: [{ key: 'cases.nightly', job: jobs.refreshCases, input: { hours: 24 }, cron: '0 3 * * *' }],
})
