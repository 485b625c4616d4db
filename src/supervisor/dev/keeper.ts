import { type ChildProcess, fork } from 'node:child_process'
import { ownModule } from '../../core/own-file.ts'

const MODULE = ownModule('supervisor/dev/keeper-process')

export type ToKeeper = { kind: 'began' | 'ended'; group: number }

/**
 * Knows the groups of processes that were started, in a process of its own: should the one that started them be killed, it
 * ends them. Nothing else would: they lead groups of their own, and a killed process can do nothing any more.
 */
export class Keeper {
  readonly #groups = new Set<number>()
  #child: ChildProcess | undefined
  #closed = false

  began(group: number): void {
    this.#groups.add(group)
    this.#start()
    this.#tell({ kind: 'began', group })
  }

  ended(group: number): void {
    this.#groups.delete(group)
    this.#tell({ kind: 'ended', group })
  }

  close(): void {
    this.#closed = true
    this.#child?.kill('SIGKILL')
  }

  #start(): void {
    if (this.#child !== undefined || this.#closed) return
    // Apart from the terminal's group: Ctrl+C is not meant for it.
    const child = fork(MODULE, { stdio: 'ignore', detached: process.platform !== 'win32' })
    this.#child = child
    child.on('error', () => {})
    child.once('exit', () => {
      this.#child = undefined
      if (this.#groups.size === 0) return
      this.#start()
      for (const group of this.#groups) this.#tell({ kind: 'began', group })
    })
  }

  #tell(what: ToKeeper): void {
    if (this.#child?.connected) this.#child.send(what, () => {})
  }
}
