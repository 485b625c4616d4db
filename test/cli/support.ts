import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { Streams } from '../../src/cli/output.ts'
import { run } from '../../src/cli/program.ts'
import { createQueue, openStore, type Store } from '../../src/index.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
export const CONFIG = fileURLToPath(new URL('./fixtures/faena.config.ts', import.meta.url))

export interface Answer {
  code: number
  stdout: string
  stderr: string
}

/** A folder of its own with a database, taken away when the test is over. */
export interface Installation {
  folder: string
  url: string
  env: NodeJS.ProcessEnv
  /** The command line in this process: same code, no start-up time. */
  call(...words: string[]): Promise<Answer>
  /** `call` with `--json`; the document. Fails if stdout holds anything else. */
  json(...words: string[]): Promise<unknown>
  /** The command line as a process of its own, to its end. */
  faena(...words: string[]): Promise<Answer>
  /** The same, left running. */
  begin(...words: string[]): Running
  store(): Promise<Store>
}

export interface Running {
  pid: number
  child: ChildProcess
  /** All that was printed so far, on both streams. */
  printed(): string
  /** Resolves once this was printed; rejects if the process ends without. */
  prints(text: string | RegExp): Promise<void>
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

export function installation(extra: NodeJS.ProcessEnv = {}, config = CONFIG): Installation {
  const folder = mkdtempSync(join(tmpdir(), 'faena-cli-'))
  const url = `sqlite:${join(folder, 'faena.db')}`
  const env: NodeJS.ProcessEnv = {
    ...{ PATH: process.env.PATH, DATABASE_URL: url, FAENA_PORT: '0', FAENA_LOG_FORMAT: 'pretty' },
    ...extra,
  }
  const running: ChildProcess[] = []
  const stores: Store[] = []
  onTestFinished(async () => {
    for (const child of running) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    for (const store of stores) await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const begin = (...words: string[]): Running => {
    const started = launch(words, folder, env)
    running.push(started.child)
    return started
  }
  const call = (...words: string[]) => inProcess([...words, '--config', config], env)
  return {
    folder,
    url,
    env,
    call,
    async json(...words) {
      const { stdout } = await call(...words, '--json')
      return JSON.parse(stdout)
    },
    async faena(...words) {
      const { child, ended } = begin(...words)
      const [stdout, stderr] = [child.stdout, child.stderr].map(collected)
      const { code, signal } = await ended
      return { code: code ?? (signal === null ? -1 : 128), stdout: stdout!(), stderr: stderr!() }
    },
    begin,
    async store() {
      const store = await openStore(url)
      stores.push(store)
      return store
    },
  }
}

export function queueOn(store: Store) {
  return createQueue({ store })
}

/** Runs the program with streams of its own and this environment. */
export async function inProcess(words: string[], env: NodeJS.ProcessEnv = {}): Promise<Answer> {
  const [stdout, stderr] = [new Collector(), new Collector()]
  const code = await run(words, { stdout, stderr, stdin: new PassThrough(), env } as unknown as Streams)
  return { code, stdout: stdout.text, stderr: stderr.text }
}

class Collector extends Writable {
  text = ''
  override _write(chunk: Buffer, _encoding: string, done: () => void) {
    this.text += chunk
    done()
  }
}

function launch(words: string[], cwd: string, env: NodeJS.ProcessEnv): Running {
  const child = spawn(process.execPath, [MAIN, ...words], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  const waiting = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      printed += chunk
      for (const look of waiting) look()
    })
  }
  // `close` comes after the last output.
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return {
    pid: child.pid!,
    child,
    printed: () => printed,
    prints: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (typeof text === 'string' ? !printed.includes(text) : !text.test(printed)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        void ended.then(({ code, signal }) => {
          look()
          reject(new Error(`ended (${code ?? signal}) without printing ${text}:\n${printed}`))
        })
        look()
      }),
    ended,
  }
}

function collected(stream: NodeJS.ReadableStream | null): () => string {
  let text = ''
  stream?.on('data', (chunk: Buffer) => {
    text += chunk
  })
  return () => text
}
