import type { SoakInstallation } from './installation.ts'

/** What is done to the processes of the restless pool, in turn. */
const DEEDS = ['kill', 'restart', 'stop'] as const

/** Kills, restarts and stops workers, one deed at a time, and knows whom it killed. */
export class Trouble {
  readonly killed = new Set<number>()
  deeds = 0
  readonly #installation: SoakInstallation

  constructor(installation: SoakInstallation) {
    this.#installation = installation
  }

  async make(): Promise<void> {
    const deed = DEEDS[this.deeds % DEEDS.length]!
    const rows = await this.#installation.processes()
    const running = rows.filter(({ pool, state }) => pool === 'restless' && state === 'RUNNING')
    const pid = running[Math.floor(this.deeds / DEEDS.length) % Math.max(1, running.length)]?.pid
    this.deeds++
    if (deed === 'restart') await this.#installation.faena('restart', 'restless:*')
    else if (pid && deed === 'stop') process.kill(pid, 'SIGTERM')
    else if (pid) {
      // Before it is done: its jobs may end twice from this very moment on.
      this.killed.add(pid)
      process.kill(pid, 'SIGKILL')
    }
  }
}
