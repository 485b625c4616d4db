import type { Place } from './contestant.ts'
import { CONTESTANTS } from './contestants/list.ts'
import { type Figures, ROLES } from './roles/list.ts'

/** What the parent says first, and what is said to it: see `workloads/child-process.ts` for the other side. */
export interface Order {
  contestant: string
  role: string
  place: Place
  /** The place is empty: tables are made before anything else. */
  fresh: boolean
  parameters: Figures
}

/**
 * One process that does one thing with one contestant: loads, dispatches, works; or only compiles what others will load. It
 * says `ready`, begins when it is told `go`, tells how far it is, and ends with its figures. Told to `stop`, it ends what it
 * does.
 */
const go = Promise.withResolvers<void>()
const stop = Promise.withResolvers<void>()
process.on('message', (message: Order | 'go' | 'stop') => {
  if (message === 'go') go.resolve()
  else if (message === 'stop') stop.resolve()
  else obey(message).catch(giveUp)
})
process.on('unhandledRejection', giveUp)
process.on('disconnect', () => process.exit(1))

async function obey({ contestant, role, place, fresh, parameters }: Order): Promise<void> {
  const { prepare, open } = await CONTESTANTS[contestant]!.load()
  if (fresh) await prepare?.(place)
  const session = role === 'prepare' || role === 'compile' ? undefined : await open(place)
  const figures =
    session === undefined
      ? {}
      : await ROLES[role]!({
          session,
          parameters,
          place,
          ready: () => tell({ ready: true }),
          go: go.promise,
          stop: stop.promise,
          done: (count) => tell({ done: count }),
        })
  // Not closed first: how long a contestant takes to say good-bye is nobody's measure, and some never do.
  process.send!({ figures }, () => process.exit())
}

function giveUp(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.send?.({ failed: text.slice(0, 1_000) }, () => process.exit(1))
}

function tell(message: object): void {
  process.send?.(message)
}
