import { mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { FaenaError, notAllowed } from '../../core/errors.ts'
import { ownModule } from '../../core/own-file.ts'
import { EXIT } from '../../supervisor/exit-codes.ts'
import { examples, wholeOption } from '../options.ts'
import type { Runner } from '../runner.ts'
import { launchd } from '../service/launchd.ts'
import type { Manager, Service, ServiceFile } from '../service/service.ts'
import { supervisor } from '../service/supervisor.ts'
import { systemd } from '../service/systemd.ts'
import { windows } from '../service/windows.ts'
import type { Setting } from '../session.ts'

interface ServiceOptions {
  run: string
  name?: string
  processes: number
  user?: string
  logs: string
  install?: boolean
  root?: string
}

const MANAGERS: Record<string, Manager> = { systemd, supervisor, launchd, windows }
const RUNS = ['work', 'serve', 'supervise', 'start']

/** The grace of running jobs, a last call, the time outcomes may take to be written, and what a parent gives beyond. */
const STOP_SECONDS = 35
/** Several of them, told one after another at worst. */
const STOP_SECONDS_OF_MANY = 90

export function define(command: Command, runner: Runner): void {
  command
    .argument('<manager>', 'systemd, supervisor, launchd or windows')
    .argument('[flags...]', 'of the command that is run; behind --')
    .option('--run <command>', 'work, serve, supervise or start', 'work')
    .option('--name <name>', 'what the manager calls it (default: faena-work, faena-serve, …)')
    .option('--processes <number>', 'so many of them', wholeOption(1, 500), 1)
    .option('--user <user>', 'whom it runs as (default: you)')
    .option('--logs <folder>', 'where Supervisor and launchd write what is printed', '/var/log')
    .option('--install', 'write the files instead of printing them')
    .option('--root <folder>', 'below this folder, as for an image; only with --install')
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      `
Prints, or writes with --install, what a service manager needs to keep the command running: with the paths of this Node, this
installation and the current folder, whose faena.config.ts and .env are used. Nothing is started; what to do next is printed.`,
    )
    .addHelpText(
      'after',
      examples([
        ['faena service systemd --processes 2', 'two workers; print the units'],
        [
          'sudo faena service supervisor --name arconte-worker --processes 2 --user www-data --install -- --tries 3',
          '',
        ],
        ['faena service systemd --run serve', 'the management API and the dashboard'],
      ]),
    )
    .action((manager: string, flags: string[], options: ServiceOptions) =>
      runner.onSettings(command, (setting) => printed(setting, manager, flags, options)),
    )
}

async function printed(setting: Setting, kind: string, flags: string[], options: ServiceOptions): Promise<number> {
  const manager = MANAGERS[kind]
  if (manager === undefined) throw notAllowed('BAD_ARGUMENT', 'manager', kind, Object.keys(MANAGERS).join(', '))
  const { output } = setting
  const service = serviceOf(setting, flags, options)
  const files = manager.files(service)
  const next = manager.next(service)
  if (options.root !== undefined && !options.install) {
    throw new FaenaError('BAD_ARGUMENT', '--root is given without --install; nothing is written then')
  }
  const placed = options.install ? files.map((file) => written(file, options.root)) : []
  output.document({ manager: kind, service, files, installed: placed, next })
  if (options.install) for (const path of placed) output.line(`written: ${path}`)
  else for (const { path, text } of files) output.line(`# ${path}\n${text}`)
  if (service.user === 'root') {
    output.warn('It would run as root; --user names whom it should run as')
  }
  const last = options.install ? 'Next' : 'Once the files are in their place (or with --install)'
  output.line(`# ${last}:`)
  for (const line of next) output.line(`#   ${line}`)
  return EXIT.ok
}

function serviceOf({ configuration }: Setting, flags: readonly string[], options: ServiceOptions): Service {
  const { run, processes } = options
  if (!RUNS.includes(run)) throw notAllowed('BAD_ARGUMENT', '--run', run, RUNS.join(', '))
  if (run !== 'work' && processes !== 1) {
    throw new FaenaError('BAD_ARGUMENT', `--processes is ${processes} with --run ${run}; only workers are many`)
  }
  const name = options.name ?? `faena-${run}`
  if (!/^[A-Za-z0-9][\w.-]{0,62}$/.test(name)) {
    throw notAllowed('BAD_ARGUMENT', '--name', name, 'letters, digits, -, _ and ., at most 63')
  }
  const user = options.user ?? userInfo().username
  if (!/^[A-Za-z0-9_.\\$-]{1,64}$/.test(user)) throw notAllowed('BAD_ARGUMENT', '--user', user, 'the name of a user')
  const folder = process.cwd()
  const config = configuration.path === null ? [] : ['--config', configuration.path]
  const own = run === 'work' && !flags.includes('--name') ? ['--name', name] : []
  const command = [process.execPath, fileURLToPath(ownModule('cli/main')), run, ...config, ...own, ...flags]
  const texts = { 'the current folder': [folder], '--logs': [options.logs], 'a word of the command': command }
  for (const [what, all] of Object.entries(texts)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a line end in a text would begin a line of its own
    const unfit = all.find((text) => /[\u0000-\u001f]/.test(text))
    if (unfit !== undefined) throw notAllowed('BAD_ARGUMENT', what, unfit, 'a text without control characters')
  }
  return {
    name,
    processes,
    command,
    folder,
    user,
    logFolder: options.logs,
    stopSeconds: run === 'work' || run === 'serve' ? STOP_SECONDS : STOP_SECONDS_OF_MANY,
  }
}

function written({ path, text, mark = '' }: ServiceFile, root: string | undefined): string {
  const place = root === undefined ? path : join(root, path)
  mkdirSync(dirname(place), { recursive: true })
  writeFileSync(place, mark + text, { mode: 0o644 })
  return place
}
