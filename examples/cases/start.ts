/**
 * Brings up the whole example: the slow source, the web application, and workers with their scheduler (`faena start`).
 * Each is a process of its own. When one of them ends, all end; Ctrl+C stops everything, letting running jobs finish.
 */
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { APP_URL, SOURCE_URL } from './settings.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const inline = process.env.QUEUE_CONNECTION === 'sync'
const children = new Map<string, ChildProcess>()
let stopping = false

process.on('SIGINT', stop)
process.on('SIGTERM', stop)
stopWithNpm()

// A fresh checkout has no dashboard yet. Without one all the rest runs, so a build that fails is told and no more.
if (!inline) spawnSync(process.execPath, ['scripts/dashboard.ts', '--if-needed'], { cwd: root, stdio: 'inherit' })
await Promise.all([listening('source', 'examples/cases/source.ts'), listening('app', 'examples/cases/app.ts')])
// With the sync connection jobs run where they are dispatched, so there is nothing for workers to do.
if (!inline && !stopping) {
  const command = ['src/cli/main.ts', 'start', '--config', 'examples/cases/faena.config.ts']
  watch('workers', spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }))
}
if (!stopping) console.log(whatToTry())

async function listening(name: string, file: string): Promise<void> {
  const child = fork(file, { cwd: root })
  watch(name, child)
  await Promise.race([once(child, 'message'), once(child, 'exit')])
}

function watch(name: string, child: ChildProcess) {
  children.set(name, child)
  child.once('exit', (code, signal) => {
    children.delete(name)
    if (stopping) return
    console.error(`${name} ended (${signal ?? `exit code ${code}`}); stopping the rest`)
    process.exitCode = 1
    stop()
  })
}

/** The first time asks, the second time does not. */
function stop() {
  for (const child of children.values()) child.kill(stopping ? 'SIGKILL' : 'SIGTERM')
  stopping = true
}

/** npm puts a shell between itself and us that keeps signals to itself: when that is gone, we were meant. */
function stopWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return
  const shell = process.ppid
  setInterval(() => {
    if (process.ppid !== shell && !stopping) stop()
  }, 250).unref()
}

function whatToTry(): string {
  const heading = inline ? 'without a queue (QUEUE_CONNECTION=sync)' : 'is up'
  const lines = inline
    ? [`curl -i -X POST ${APP_URL}/cases -d '{"number": "2026-00042"}'`, '  the answer waits for the source']
    : [
        `curl -i -X POST ${APP_URL}/cases -d '{"number": "2026-00042"}'`,
        '  answers at once',
        `curl ${APP_URL}/cases/1`,
        '  pending, fetching, done',
        `curl -X POST ${APP_URL}/imports --data-binary @examples/cases/orders.csv`,
        '  a thousand orders, a job for each',
        'npm run -s faena -- status',
        'npm run -s faena -- failed',
        '  one order fails for good; the README tells how it is repaired',
      ]
  return `
  Faena: the example application ${heading}

    open       ${APP_URL}${inline ? '' : '\n    dashboard  its address is told below, in a terminal with a link that logs you in'}
    source     ${SOURCE_URL}  (takes seconds, and every third time it fails)
    stop       Ctrl+C

  Try, in another terminal:

${lines.map((line) => `    ${line}`).join('\n')}
`
}
