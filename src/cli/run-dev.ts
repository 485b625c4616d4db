import { delimiter, dirname, join, relative, resolve } from 'node:path'
import { styleText } from 'node:util'
import { ownModule } from '../core/own-file.ts'
import { OWN_PROCESSES, type ProcessPlan } from '../core/processes.ts'
import { commandService } from '../supervisor/dev/command.ts'
import { Dev } from '../supervisor/dev/dev.ts'
import { Keeper } from '../supervisor/dev/keeper.ts'
import { ownService } from '../supervisor/dev/own.ts'
import type { Service } from '../supervisor/dev/service.ts'
import { Watcher } from '../supervisor/dev/watcher.ts'
import { EXIT } from '../supervisor/exit-codes.ts'
import { onSignals } from '../supervisor/signals.ts'
import { outliveReaders, type Streams } from './output.ts'
import type { ServeOrder } from './run-server.ts'
import { styleFor } from './style.ts'
import { readSupervision, type Supervision } from './supervision.ts'
import type { WorkOrder } from './work-order.ts'

export interface DevOrder {
  config?: string
  watch: boolean
  verbose?: boolean
}

/** A worker whose code has changed is not waited for long. */
const GRACE_MS = 2_000

/** `faena dev` from start to end. Resolves to the exit code. */
export async function runDev(order: DevOrder, streams: Streams): Promise<number> {
  outliveReaders(streams)
  const supervision = await readSupervision(order.config)
  process.title = 'faena dev'
  const folder = supervision.path === null ? process.cwd() : dirname(supervision.path)
  const keeper = new Keeper()
  const env = environment(streams, folder)
  const services = servicesOf(order, supervision, folder, env, keeper)
  const voice = voiceOf(streams, services)
  for (const warning of supervision.warnings) voice('faena', warning)
  const dev = new Dev({
    services,
    cwd: folder,
    env,
    print: voice,
    say: (name, line) => voice('faena', `${name} ${line}`),
  })
  const watcher = order.watch
    ? new Watcher(folder, [supervision.data], (files) => {
        const [first] = files.map((file) => relative(process.cwd(), file))
        voice(
          'faena',
          `${first}${files.length > 1 ? ` and ${files.length - 1} more` : ''} changed: API and worker start anew`,
        )
        dev.changed()
      })
    : undefined
  const release = onSignals(dev)
  voice('faena', `${services.map(({ name }) => name).join(', ')}; Ctrl+C stops them, a second one at once`)
  try {
    await dev.run()
    return EXIT.ok
  } finally {
    release()
    watcher?.close()
    keeper.close()
  }
}

function servicesOf(
  { config, verbose }: DevOrder,
  { processes }: Supervision,
  folder: string,
  env: NodeJS.ProcessEnv,
  keeper: Keeper,
): Service[] {
  const before = firstOf(processes)
  const serve: ServeOrder = { config, besideWorker: true, logFormat: 'pretty' }
  const work: WorkOrder = { kind: 'start', name: 'dev', config, verbose, graceMs: GRACE_MS, logFormat: 'pretty' }
  return [
    ...processes.map((plan) => ({
      ...commandService({
        ...plan,
        cwd: resolve(folder, plan.cwd),
        env: { ...env, ...plan.env },
        began: (group) => keeper.began(group),
        ended: (group) => keeper.ended(group),
      }),
      ready: plan,
    })),
    ownService('api', before, { module: ownModule('cli/server-process'), args: ['faena', 'serve'], order: serve }),
    ownService('worker', before, {
      module: ownModule('cli/worker-process'),
      args: ['queue:work', 'dev', ' '.repeat(64)],
      order: work,
    }),
  ]
}

/** What the API and the worker wait for: all that can be waited for, unless it waits for them. */
function firstOf(processes: readonly ProcessPlan[]): string[] {
  const waitsForOwn = (name: string): boolean =>
    OWN_PROCESSES.includes(name as 'api') ||
    (processes.find((one) => one.name === name)?.dependsOn.some(waitsForOwn) ?? false)
  return processes
    .filter(({ ready, once }) => ready !== null || once)
    .map(({ name }) => name)
    .filter((name) => !waitsForOwn(name))
}

/** Commands find the project's own tools, as scripts of npm do, and keep their colours on a terminal. */
function environment({ env, stdout }: Streams, folder: string): NodeJS.ProcessEnv {
  const path = [join(folder, 'node_modules', '.bin'), env.PATH ?? env.Path ?? ''].join(delimiter)
  const colours = stdout.isTTY && !env.NO_COLOR && env.FORCE_COLOR === undefined ? { FORCE_COLOR: '1' } : {}
  return { ...env, PATH: path, ...colours }
}

const COLOURS = ['cyan', 'yellow', 'green', 'magenta', 'blue', 'red'] as const

function voiceOf({ stdout, env }: Streams, services: readonly Service[]): (name: string, line: string) => void {
  const names = [...services.map(({ name }) => name), 'faena']
  const width = Math.max(...names.map(({ length }) => length))
  const coloured = styleFor(stdout.isTTY === true, env).bold('x') !== 'x'
  return (name, line) => {
    const prefix = `${name.padEnd(width)} |`
    const colour = COLOURS[names.indexOf(name) % COLOURS.length]!
    stdout.write(`${coloured ? styleText(colour, prefix, { validateStream: false }) : prefix} ${line}\n`)
  }
}
