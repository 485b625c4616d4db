import { type ChildProcess, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { freePort } from '../test/support/servers/throwaway.ts'
import type { Place } from './contestant.ts'
import { cpuMsOf } from './servers/processes.ts'

/** `faena serve` as it is published, with its own limits, on a loopback port. */
export interface Served {
  readonly port: number
  /** Processor time of its process so far. */
  cpuMs(): number
  /** Kills it and starts it anew at the same port. */
  crash(): Promise<void>
  stop(): Promise<void>
}

const SECRET = 'a secret of the bench alone, thirty-two bytes and more'
const CLI = join(import.meta.dirname, '..', 'dist', 'cli', 'main.js')

export async function serve(place: Place): Promise<Served> {
  const port = await freePort()
  let running = await started(place, port)
  return {
    port,
    cpuMs: () => cpuMsOf(running.pid),
    async crash() {
      await running.end('SIGKILL')
      running = await started(place, port)
    },
    stop: () => running.end('SIGTERM'),
  }
}

async function started({ url, folder }: Place, port: number) {
  const child = spawn(process.execPath, [CLI, 'serve', '--port', String(port)], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: url === '' ? `sqlite:${join(folder, 'faena.db')}` : url,
      FAENA_JWT_SECRET: SECRET,
      FAENA_SURFACE: 'order_id|orderId',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await untilLive(child, port)
  return {
    pid: child.pid!,
    async end(signal: NodeJS.Signals) {
      child.kill(signal)
      await exited
    },
  }
}

async function untilLive(child: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`faena serve ended with ${child.exitCode}`)
    const live = await fetch(`http://127.0.0.1:${port}/health/live`).catch(() => undefined)
    if (live?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  child.kill('SIGKILL')
  throw new Error('faena serve did not answer within ten seconds')
}

/** A token as `faena token` makes them. */
export function tokenOf(subject: string, role = 'operator'): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const exp = Math.floor(Date.now() / 1_000) + 86_400
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: subject, role, exp })}`
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`
}
