import type { LogLevel } from '../core/config.ts'
import { type Masker, masker } from '../core/mask.ts'
import type { Settings } from '../core/settings.ts'
import { wallClock } from '../core/wallclock.ts'
import { DailyFile } from '../logs/daily-file.ts'
import { type Logger, loggerTo, type Sink } from '../logs/logger.ts'
import { LineWriter } from './line-writer.ts'
import type { Streams } from './output.ts'
import { safe } from './style.ts'

/** Where a process that stays logs to: lines of JSON to standard output, to the day's file, to both or to neither. */
export interface Logs {
  /** Lines of JSON go to standard output; else what is printed there is for people. */
  readonly json: boolean
  /** Null where no line of JSON is wanted by anybody. */
  readonly logger: Logger | null
  readonly masker: Masker
  end(): Promise<void>
}

export interface LogsOptions {
  settings: Settings
  streams: Streams
  level: LogLevel
  /** What each line says of the process. */
  about: Record<string, unknown>
  /** Standard output is taken for something else. */
  fileOnly?: boolean
  /** Further sinks beside file and standard output. */
  also?: readonly Sink[]
}

export function logsOf({ settings, streams, level, about, fileOnly = false, also = [] }: LogsOptions): Logs {
  const { stdout, stderr } = streams
  const json = !fileOnly && writesJson(settings, stdout)
  const file = settings.logFolder === null ? undefined : fileIn(settings.logFolder, settings, stderr)
  const writer = json ? new LineWriter(stdout) : undefined
  const sinks = [...also, ...(file === undefined ? [] : [file])]
  if (writer !== undefined) sinks.push(writer)
  const masks = masker(settings.mask)
  const endNow = () => file?.endNow()
  process.on('exit', endNow)
  return {
    json,
    logger: sinks.length === 0 ? null : loggerTo(sinks, level, about, masks),
    masker: masks,
    async end() {
      await Promise.all([file?.end(), writer?.end()])
      process.off('exit', endNow)
    },
  }
}

/** Without a word from anybody: for people on a terminal, for programs elsewhere. */
export function writesJson({ logFormat }: Pick<Settings, 'logFormat'>, stdout: Streams['stdout']): boolean {
  return logFormat === null ? stdout.isTTY !== true : logFormat === 'json'
}

function fileIn(folder: string, { logDays, timezone }: Settings, stderr: Streams['stderr']): DailyFile {
  return new DailyFile({
    folder,
    keepDays: logDays,
    clock: wallClock(timezone),
    onTrouble: (error) => {
      const reason = error instanceof Error ? error.message : String(error)
      stderr.write(
        `faena: the log in ${safe(folder)} cannot be written (${safe(reason)}); lines wait, and work goes on\n`,
      )
    },
  })
}
