import { spawn } from 'node:child_process'
import type { Ending } from '../process.ts'
import type { Service, Started } from './service.ts'

export interface CommandOptions {
  name: string
  command: string
  cwd: string
  env: NodeJS.ProcessEnv
  dependsOn: readonly string[]
  once: boolean
  /** Told of each group of processes that begins, and of its end: they must not outlive the one that started them. */
  began(group: number): void
  ended(group: number): void
}

/** What a command gets between the request to stop and the kill. */
const GRACE_MS = 5_000

/**
 * A command of the project, run by the shell. It leads a group of processes of its own, so that what it starts in turn
 * (`npm run dev` starts three) ends with it, and Ctrl+C reaches it only through us, when its turn has come.
 */
export function commandService(options: CommandOptions): Omit<Service, 'ready'> {
  const { name, command, cwd, env, dependsOn, once } = options
  return {
    name,
    dependsOn,
    once,
    restartsOnChange: false,
    start(print): Started {
      const windows = process.platform === 'win32'
      const child = spawn(command, { shell: true, cwd, env, detached: !windows, stdio: ['ignore', 'pipe', 'pipe'] })
      const { pid } = child
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => print(chunk))
        stream.once('end', () => print(null))
      }
      const ended = new Promise<Ending>((resolve) => {
        child.once('error', (error) => resolve({ code: 1, signal: null, pid, error }))
        child.once('exit', (code, signal) => {
          if (pid !== undefined) options.ended(pid)
          resolve({ code, signal, pid })
        })
      })
      if (pid !== undefined) options.began(pid)
      const kill = (signal: NodeJS.Signals) => {
        if (pid !== undefined) endGroup(pid, signal)
      }
      return {
        pid,
        ready: Promise.resolve(true),
        ended,
        stop() {
          kill('SIGTERM')
          const killer = setTimeout(() => kill('SIGKILL'), GRACE_MS)
          void ended.then(() => {
            clearTimeout(killer)
            // What the command started and left behind.
            kill('SIGKILL')
          })
        },
        kill: () => kill('SIGKILL'),
      }
    },
  }
}

/** Sends the signal to a process and all it has started. On Windows, which has no signals, it ends them. */
export function endGroup(pid: number, signal: NodeJS.Signals): void {
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore' }).on('error', () => {})
    return
  }
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended already.
  }
}
