/**
 * Brings up the whole example: the slow source, the web application, and workers with their scheduler (`faena start`).
 * Each is a process of its own. When one of them ends, all end; Ctrl+C stops everything, letting running jobs finish.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { APP_URL, SOURCE_URL } from './settings.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const inline = process.env.QUEUE_CONNECTION === 'sync'
const children = new Map<string, ChildProcess>()
let stopping = false

process.on('SIGINT', stop)
process.on('SIGTERM', stop)

await Promise.all([listening('source', 'examples/cases/source.ts'), listening('app', 'examples/cases/app.ts')])
// With the sync connection jobs run where they are dispatched, so there is nothing for workers to do.
if (!inline) start('workers', 'src/cli/main.ts', ['start', '--config', 'examples/cases/faena.config.ts'])
console.log(whatToTry())

function start(name: string, file: string, args: string[] = []): ChildProcess {
  const child = fork(file, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  children.set(name, child)
  child.once('exit', (code, signal) => {
    children.delete(name)
    if (stopping) return
    console.error(`${name} ended (${signal ?? `exit code ${code}`}); stopping the rest`)
    process.exitCode = 1
    stop()
  })
  return child
}

async function listening(name: string, file: string): Promise<void> {
  await once(start(name, file), 'message')
}

function stop() {
  if (stopping) {
    for (const child of children.values()) child.kill('SIGKILL')
    return
  }
  stopping = true
  for (const child of children.values()) child.kill('SIGTERM')
}

function whatToTry(): string {
  return `
  Faena: the example application ${inline ? 'without a queue (QUEUE_CONNECTION=sync)' : 'is up'}

    open      ${APP_URL}
    source    ${SOURCE_URL}  (seconds per answer, every third one an error)
    stop      Ctrl+C

  Try, in another terminal:

    curl -i -X POST ${APP_URL}/cases -d '{"number": "2026-00042"}'      answers at once: 202
    curl ${APP_URL}/cases/1                                           pending, fetching, done
    curl -X POST ${APP_URL}/imports --data-binary @examples/cases/orders.csv
    npm run -s faena -- status
    npm run -s faena -- failed                                                  one order fails for good
`
}
