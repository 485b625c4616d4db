import { FaenaError } from '../../src/core/errors.ts'
import type { NewJob, Pushed, PushOptions, Store } from '../../src/store.ts'

type Push = () => Promise<Pushed[]>
type Trouble = (push: Push) => Promise<Pushed[]>

export interface Watched extends Store {
  /** Every push that reached the store, as it came. */
  readonly pushes: { jobs: readonly NewJob[]; options: PushOptions }[]
  /** What befalls the next pushes, one each; after that all goes well again. */
  befall(...troubles: Trouble[]): void
  /** Resolves once so many pushes have come in all. */
  pushed(count: number): Promise<void>
}

/** A real store whose connection to the client is watched, and can be troubled on purpose. */
export function watched(store: Store): Watched {
  const pushes: Watched['pushes'] = []
  const troubles: Trouble[] = []
  let told = () => {}
  return {
    ...store,
    pushes,
    befall: (...more) => void troubles.push(...more),
    pushed: async (count) => {
      while (pushes.length < count) {
        await new Promise<void>((resolve) => {
          told = resolve
        })
      }
    },
    push(jobs, options = {}) {
      pushes.push({ jobs, options })
      told()
      const push = () => store.push(jobs, options)
      const trouble = troubles.shift()
      return trouble === undefined ? push() : trouble(push)
    },
  }
}

/** The store cannot be reached: nothing is stored, and that is known. */
export const refused: Trouble = async () => {
  throw new FaenaError('STORE_UNAVAILABLE', 'connection refused')
}

/** The jobs are stored, and the answer is lost on its way. */
export const answerLost: Trouble = async (push) => {
  await push()
  throw new FaenaError('STORE_UNAVAILABLE', 'connection reset', { inDoubt: true })
}

/** The connection breaks before the store saw the push, which the client cannot know. */
export const cut: Trouble = async () => {
  throw new FaenaError('STORE_UNAVAILABLE', 'connection reset', { inDoubt: true })
}

/** No answer ever comes. */
export const hangs: Trouble = () => new Promise(() => {})

/** The push waits until `release` is called. */
export function held(): { trouble: Trouble; release: () => void } {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  return { trouble: (push) => released.then(push), release: () => release() }
}
