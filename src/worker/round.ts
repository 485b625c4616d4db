/** Work that is done again and again, and never twice at once: where it takes long, what has come meanwhile waits where it is. */
export class Round {
  readonly #work: () => Promise<void>
  #underWay: Promise<void> | undefined

  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  get underWay(): Promise<void> | undefined {
    return this.#underWay
  }

  /** Resolves with the end of the one that is under way, which is begun if there is none. */
  begin(): Promise<void> {
    this.#underWay ??= this.#work().finally(() => {
      this.#underWay = undefined
    })
    return this.#underWay
  }
}
