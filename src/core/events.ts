import { EventEmitter } from 'node:events'

/** Names and argument of each event, as `{ name: argument }`. */
export type EventMap = Record<string, unknown>

/**
 * Typed events. A listener that throws never breaks the loop that emitted: its error goes to `onListenerError`, so that
 * an application's logging mistake cannot stop a worker.
 */
export class Events<Map extends EventMap> {
  readonly #emitter = new EventEmitter({ captureRejections: false })
  readonly #onListenerError: (error: unknown) => void

  constructor(onListenerError: (error: unknown) => void = () => {}) {
    this.#emitter.setMaxListeners(0)
    this.#onListenerError = onListenerError
  }

  /** Returns the function that takes the listener away again. */
  on<Name extends keyof Map & string>(name: Name, listener: (event: Map[Name]) => unknown): () => void {
    const guarded = (event: Map[Name]) => {
      try {
        const late = listener(event)
        if (late instanceof Promise) late.catch(this.#onListenerError)
      } catch (error) {
        this.#onListenerError(error)
      }
    }
    this.#emitter.on(name, guarded)
    return () => this.#emitter.off(name, guarded)
  }

  /** The next event of this name. */
  once<Name extends keyof Map & string>(name: Name): Promise<Map[Name]> {
    return new Promise((resolve) => {
      const off = this.on(name, (event) => {
        off()
        resolve(event)
      })
    })
  }

  /** Whether anybody listens; callers skip building costly events when nobody does. */
  heard(name: keyof Map & string): boolean {
    return this.#emitter.listenerCount(name) > 0
  }

  emit<Name extends keyof Map & string>(name: Name, event: Map[Name]): void {
    // EventEmitter throws an `error` that nobody listens to; here it is an event like any other.
    if (this.#emitter.listenerCount(name) > 0) this.#emitter.emit(name, event)
  }
}
