import { fork } from 'node:child_process'
import { FaenaError } from '../core/errors.ts'
import { ownModule } from '../core/own-file.ts'
import type { Settings } from '../core/settings.ts'

/** What a supervisor needs of the configuration. */
export interface Supervision
  extends Pick<Settings, 'pools' | 'processes' | 'data' | 'url' | 'timezone' | 'connection' | 'sync' | 'warnings'> {
  /** The configuration file, or null where there is none. */
  path: string | null
}

export type ReadAnswer = { kind: 'read'; supervision: Supervision } | { kind: 'refused'; text: string; code: number }

/** The configuration as it is now, read by a process of its own. Throws BAD_CONFIGURATION with what that one said. */
export async function readSupervision(config: string | undefined): Promise<Supervision> {
  const child = fork(ownModule('cli/supervision-process'), config === undefined ? [] : [config], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const answer = await new Promise<ReadAnswer>((resolve) => {
    child.once('message', (said: ReadAnswer) => resolve(said))
    child.once('exit', (code, signal) =>
      resolve({ kind: 'refused', text: `the process that reads it ended (${signal ?? code})`, code: 1 }),
    )
    child.once('error', (error) => resolve({ kind: 'refused', text: error.message, code: 1 }))
  })
  if (answer.kind === 'read') return answer.supervision
  throw new FaenaError('BAD_CONFIGURATION', answer.text.replace(/^faena: (BAD_CONFIGURATION: )?/, ''))
}
