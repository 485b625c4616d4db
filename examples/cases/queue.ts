import { openQueue, settingsFrom } from '../../src/index.ts'

/** One queue per process, on the store that the environment names (DATABASE_URL, QUEUE_CONNECTION). */
export const queue = await openQueue(settingsFrom(process.env))
