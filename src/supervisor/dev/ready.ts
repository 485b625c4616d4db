import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ReadyPlan } from '../../core/processes.ts'

const BETWEEN_MS = 200
const ANSWER_MS = 2_000

/** Resolves once the check holds; asks until `signal` is aborted, and then resolves to false. */
export async function becomesReady(
  plan: Exclude<ReadyPlan, { kind: 'log' }>,
  cwd: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    if (await holds(plan, cwd, env, signal)) return true
    await sleep(BETWEEN_MS, undefined, { signal }).catch(() => {})
  }
  return false
}

/** What is waited for, in words. */
export function readyWords(plan: ReadyPlan): string {
  switch (plan.kind) {
    case 'tcp':
      return `connections to ${plan.host}:${plan.port}`
    case 'http':
      return `an answer of ${plan.url}`
    case 'command':
      return `exit code 0 of ${plan.command}`
    case 'log':
      return `a line like ${plan.pattern}`
  }
}

async function holds(
  plan: Exclude<ReadyPlan, { kind: 'log' }>,
  cwd: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<boolean> {
  if (plan.kind === 'tcp') return accepts(plan.host, plan.port)
  if (plan.kind === 'http') return answers(plan.url, signal)
  return succeeds(plan.command, cwd, env, signal)
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ANSWER_MS })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => end(true))
    socket.once('timeout', () => end(false))
    socket.once('error', () => end(false))
  })
}

async function answers(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) })
    await answer.body?.cancel()
    return answer.status < 400
  } catch {
    return false
  }
}

function succeeds(command: string, cwd: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, { shell: true, cwd, env, stdio: 'ignore', signal, timeout: 10_000 })
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === 0))
  })
}
