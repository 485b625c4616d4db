import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { FaenaError } from '../core/errors.ts'

/**
 * The right to supervise a data folder: an exclusive transaction on a file of its own, held as long as the process lives.
 * The system ends it with the process, however that dies, so nothing stale is ever left and no pid has to be guessed at.
 */
export class SupervisorLock {
  readonly #database: DatabaseSync
  readonly #pidFile: string

  /** Throws UNSUPPORTED, and changes nothing, while another supervisor has the folder. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true })
    const path = join(folder, 'supervisor.lock')
    this.#pidFile = join(folder, 'supervisor.pid')
    this.#database = new DatabaseSync(path)
    try {
      this.#database.exec('pragma busy_timeout = 0; pragma journal_mode = off; begin exclusive')
    } catch {
      this.#database.close()
      throw new FaenaError(
        'UNSUPPORTED',
        `A supervisor runs for ${folder} already; faena ps shows its processes, faena stop --supervisor ends it, and ` +
          'FAENA_DATA gives another installation a folder of its own',
      )
    }
    writeFileSync(this.#pidFile, `${process.pid}\n`)
  }

  release(): void {
    rmSync(this.#pidFile, { force: true })
    this.#database.close()
  }
}
