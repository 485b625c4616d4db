import { ManagedProcess, type ProcessSpec } from '../process.ts'
import type { Service } from './service.ts'

/** The API or a worker: a process of Faena's own, which is started anew when a file changes. */
export function ownService(
  name: string,
  dependsOn: readonly string[],
  spec: Pick<ProcessSpec, 'module' | 'args' | 'order'>,
): Service {
  let generation = 0
  let dead: number | null = null
  return {
    name,
    dependsOn,
    once: false,
    restartsOnChange: true,
    ready: null,
    start(print) {
      const one = new ManagedProcess(
        { ...spec, replaces: dead, generation: generation++, print: (_stream, chunk) => print(chunk) },
        {
          ended: ({ code }) => {
            // One that ended in good order has given its jobs back itself; one that died before it had a row had none.
            dead = code === 0 ? null : (one.worker ?? dead)
          },
        },
      )
      return {
        pid: one.pid,
        ready: one.settled,
        ended: one.ended,
        stop: () => one.stop(),
        kill: () => one.kill(),
      }
    },
  }
}
