import { FaenaError } from '../core/errors.ts'
import type { ControlRequest } from '../supervisor/control.ts'
import { askSupervisor } from '../supervisor/control-client.ts'
import { readEnvFile } from './config.ts'
import type { Output } from './output.ts'
import { safe } from './style.ts'

/** What a command has that speaks to the supervisor of this folder. */
export interface Supervised {
  readonly output: Output
  /** Its answer; what it says meanwhile is printed. Throws NOT_FOUND where no supervisor runs. */
  ask<T>(request: ControlRequest): Promise<T>
}

/**
 * Asks the supervisor of the data folder. Where the folder is told without the configuration, that is not loaded: it takes
 * its time, and may be what is broken just now.
 */
export function supervised(env: NodeJS.ProcessEnv, config: string | undefined, output: Output): Supervised {
  const line = (text: string) => output.line(safe(text))
  return {
    output,
    async ask<T>(request: ControlRequest): Promise<T> {
      const usual = usualFolder(env)
      if (config === undefined) {
        const answer = await askSupervisor<T>(usual, request, line)
        if (answer !== undefined) return answer.value
      }
      const { loadConfiguration } = await import('./config.ts')
      const { data } = (await loadConfiguration(env, config)).settings
      const answer = config === undefined && data === usual ? undefined : await askSupervisor<T>(data, request, line)
      if (answer !== undefined) return answer.value
      throw new FaenaError(
        'NOT_FOUND',
        `No supervisor runs for the data folder ${data}; faena supervise starts one (FAENA_DATA names another folder)`,
      )
    },
  }
}

/** Whether a supervisor runs for the folder that is told without the configuration. */
export async function isSupervised(env: NodeJS.ProcessEnv): Promise<boolean> {
  return (await askSupervisor(usualFolder(env), { command: 'ps', names: [] })) !== undefined
}

function usualFolder(env: NodeJS.ProcessEnv): string {
  readEnvFile(env)
  return env.FAENA_DATA?.trim() || '.faena'
}
