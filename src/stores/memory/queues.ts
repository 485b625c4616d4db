import type { QueueStore } from '../../store.ts'
import { liveWorkers } from './fleet.ts'
import { type Tables, wakeListeners } from './tables.ts'

export function queues(tables: Tables): QueueStore {
  return {
    queues: async () => {
      const served = liveWorkers(tables).flatMap((worker) => worker.queues)
      const known = new Set([...tables.queues.keys(), ...tables.jobs.all().map(({ queue }) => queue), ...served])
      const states = [...known].sort().map((queue) => tables.queues.get(queue) ?? idle(queue))
      return states.map((state) => ({ ...state }))
    },
    pause: async (queue, reason) => {
      const pausedAt = tables.queues.get(queue)?.pausedAt ?? tables.clock()
      tables.queues.set(queue, { queue, pausedAt, pauseReason: reason })
    },
    resume: async (queue) => {
      if (tables.queues.has(queue)) tables.queues.set(queue, idle(queue))
      wakeListeners(tables)
    },
  }
}

function idle(queue: string) {
  return { queue, pausedAt: null, pauseReason: null }
}
