import { Floors } from './floors.ts'
import { Window } from './window.ts'

/** What a worker's reserve remembers from one call to the next; all of it may be forgotten, at the price of a longer look. */
export class View {
  /** For tables with our index. */
  readonly floors = new Floors()
  /** There may be something to take: the next reserve takes at once instead of looking first. */
  expecting = false
  readonly #windows = new Map<string, Window>()

  /** For tables without. */
  window(queue: string): Window {
    let window = this.#windows.get(queue)
    if (window === undefined) {
      window = new Window()
      this.#windows.set(queue, window)
    }
    return window
  }

  lower(): void {
    this.floors.lower()
    for (const window of this.#windows.values()) window.lower()
  }
}

/** The views of all workers that reserve through one store. */
export class Views {
  readonly #byWorker = new Map<number, View>()

  of(worker: number): View {
    let view = this.#byWorker.get(worker)
    if (view === undefined) {
      view = new View()
      this.#byWorker.set(worker, view)
    }
    return view
  }

  /** This process put something in front of what was passed over. */
  lower(): void {
    for (const view of this.#byWorker.values()) view.lower()
  }

  expect(): void {
    for (const view of this.#byWorker.values()) view.expecting = true
  }

  forget(worker: number): void {
    this.#byWorker.delete(worker)
  }
}
