import { openQueue, settingsFrom } from '../../src/index.ts'

/** One queue per process, on the store that the environment names. The handlers are loaded with QUEUE_CONNECTION=sync only. */
export const queue = await openQueue({ ...settingsFrom(process.env), handlers: () => import('./handlers.ts') })
