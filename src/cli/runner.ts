import type { Command } from 'commander'
import { EXIT } from '../supervisor/exit-codes.ts'
import { type Output, outputOn, type Streams } from './output.ts'
import type { Session, Setting } from './session.ts'
import type { Supervised } from './supervised.ts'

/** How commands are carried out: it brings what they need, and keeps the exit code they answer. */
export interface Runner {
  readonly exitCode: number
  /** With nothing read yet. */
  bare(work: (context: { streams: Streams }) => Promise<number>): Promise<void>
  /** With the settings read, and no store. */
  onSettings(command: Command, work: (setting: Setting) => Promise<number> | Promise<void>): Promise<void>
  /** With the supervisor of this folder to ask; nothing is read that need not be. */
  onSupervisor(command: Command, work: (supervised: Supervised) => Promise<number> | Promise<void>): Promise<void>
  /** With the store open. `migrate: false` leaves its tables as they are, should they be older. */
  onStore(
    command: Command,
    work: (session: Session) => Promise<number> | Promise<void>,
    options?: { migrate?: boolean },
  ): Promise<void>
}

interface CommonOptions {
  config?: string
  json?: boolean
}

/** What a command uses is imported when it is called, so that none waits for what another needs. */
export function runnerFor(streams: Streams, calledAs: string): Runner {
  let exitCode: number = EXIT.ok
  const settingOf = async (command: Command, output: Output): Promise<Setting> => {
    const { loadConfiguration } = await import('./config.ts')
    const configuration = await loadConfiguration(streams.env, command.optsWithGlobals<CommonOptions>().config)
    return { output, streams, configuration, calledAs }
  }
  const outputOf = (command: Command) => outputOn(streams, command.optsWithGlobals<CommonOptions>().json ?? false)
  return {
    get exitCode() {
      return exitCode
    },
    async bare(work) {
      exitCode = await work({ streams })
    },
    async onSettings(command, work) {
      exitCode = (await work(await settingOf(command, outputOf(command)))) ?? EXIT.ok
    },
    async onSupervisor(command, work) {
      const { supervised } = await import('./supervised.ts')
      const { config } = command.optsWithGlobals<CommonOptions>()
      exitCode = (await work(supervised(streams.env, config, outputOf(command)))) ?? EXIT.ok
    },
    async onStore(command, work, options = {}) {
      const setting = await settingOf(command, outputOf(command))
      const { withStore } = await import('./with-store.ts')
      exitCode = await withStore(setting, work, options)
    },
  }
}
