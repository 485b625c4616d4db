import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Store, WorkerState } from '../../src/store.ts'
import { CONFIG, type Installation, installation } from '../cli/support.ts'
import { newJob } from '../support/jobs.ts'

const WORK = ['work', '--config', CONFIG]

function demo(name: 'quick' | 'failing' | 'killing' | 'stuck', input: unknown = {}) {
  const maxAttempts = name === 'failing' ? 1 : name === 'stuck' ? 2 : null
  return newJob({ queue: 'demo', name: `demo.${name}`, input, maxAttempts })
}

async function left(store: Store): Promise<number> {
  return (await store.counts()).reduce((sum, { due, delayed, reserved }) => sum + due + delayed + reserved, 0)
}

/** Asks until the answer is there: what other processes write into the database comes without a signal. */
async function until<T>(what: string, ask: () => Promise<T | undefined | false>, patienceMs = 30_000): Promise<T> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

async function worker(store: Store, other?: WorkerState): Promise<WorkerState> {
  return until('a worker', async () => (await store.workers()).find(({ pid }) => pid !== other?.pid))
}

async function withJobs(...jobs: ReturnType<typeof demo>[]): Promise<{ faena: Installation; store: Store }> {
  const faena = installation()
  const store = await faena.store()
  if (jobs.length > 0) await store.push(jobs)
  return { faena, store }
}

describe('flags that end a worker end the command', () => {
  test('--once runs at most one job', async () => {
    const { faena, store } = await withJobs(demo('quick'), demo('quick'))
    expect((await faena.faena(...WORK, '--once')).code).toBe(0)
    expect(await left(store)).toBe(1)
    await faena.faena(...WORK, '--once')
    expect((await faena.faena(...WORK, '--once', '--sleep', '0')).code).toBe(0)
    expect(await left(store)).toBe(0)
  })

  test('--stop-when-empty does what is there, and says what it did', async () => {
    const { faena, store } = await withJobs(demo('quick'), demo('failing'))
    const { code, stdout } = await faena.faena('queue:work', 'database', '--config', CONFIG, '--stop-when-empty')
    expect(code).toBe(0)
    expect(stdout).toContain('INFO  Processing jobs from the [default,demo] queues.')
    expect(stdout).toContain(
      'defaults   tries 3, timeout 1m, backoff 5s doubling up to 1h, lease 30s, memory without limit',
    )
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d demo\.quick \S{36} demo \S+ DONE$/m)
    expect(stdout).toMatch(/demo\.failing .* FAIL Error: MySQL server has gone away \(attempt 1, the last\)$/m)
    expect(await left(store)).toBe(0)
    expect(await store.countFailed()).toBe(1)
  })

  test('compiled modules are kept in the data folder, where there is one', async () => {
    const { faena } = await withJobs(demo('quick'))
    expect(await faena.faena(...WORK, '--once')).toMatchObject({ code: 0 })
    expect(existsSync(join(faena.folder, '.faena'))).toBe(false)
    mkdirSync(join(faena.folder, '.faena'))
    await faena.faena(...WORK, '--stop-when-empty')
    expect(readdirSync(join(faena.folder, '.faena', 'compile-cache'))).toHaveLength(1)
  })

  test('--max-jobs and --max-time', async () => {
    const { faena, store } = await withJobs(...Array.from({ length: 5 }, () => demo('quick')))
    expect((await faena.faena(...WORK, '--max-jobs', '2', '--concurrency', '1')).code).toBe(0)
    expect(await left(store)).toBe(3)
    expect((await faena.faena(...WORK, '--max-time', '1')).code).toBe(0)
    expect((await faena.faena(...WORK, '--stop-when-empty-for', '0.3')).code).toBe(0)
    expect(await left(store)).toBe(0)
  })

  test('--memory ends with exit code 12', async () => {
    const { faena } = await withJobs(demo('quick'))
    const { code, stderr } = await faena.faena(...WORK, '--memory', '10')
    expect(code).toBe(12)
    expect(stderr).toContain('The memory limit is reached')
  })

  test("--json prints Laravel's lines and nothing else", async () => {
    const { faena } = await withJobs(demo('quick'), demo('failing'))
    const { stdout } = await faena.faena(...WORK, '--stop-when-empty', '--json', '--concurrency', '1')
    const common = { uuid: expect.any(String), connection: 'database', queue: 'demo', attempts: 1 }
    const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/)
    const [quick, failing] = [
      { ...common, id: 1, job: 'demo.quick', timestamp },
      { ...common, id: 2, job: 'demo.failing', timestamp },
    ]
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.filter(({ id }) => id === 1)).toEqual([
      { ...quick, level: 'info', status: 'starting' },
      { ...quick, level: 'info', status: 'success', result: 'deleted', duration: expect.any(Number) },
    ])
    expect(lines.filter(({ id }) => id === 2)).toEqual([
      { ...failing, level: 'info', status: 'starting' },
      {
        ...failing,
        level: 'warning',
        status: 'failed',
        result: 'failed',
        exception: 'Error',
        message: 'MySQL server has gone away',
        duration: expect.any(Number),
      },
    ])
  })
})

describe('a worker that runs', () => {
  test('is found by ps as queue:work, with its name and queues, and ends in good order on SIGTERM', async () => {
    const { faena, store } = await withJobs()
    const running = faena.begin(...WORK, '--name', 'mail', '--queue', 'demo,slow')
    const { pid, queues, name } = await worker(store)
    expect({ queues, name }).toEqual({ queues: ['demo', 'slow'], name: 'mail' })
    const found = execFileSync('bash', ['-c', 'ps axww -o pid,command | grep "queue:work"'], { encoding: 'utf8' })
    expect(found).toMatch(new RegExp(`^ *${pid} faena queue:work mail demo,slow *$`, 'm'))

    process.kill(running.pid, 'SIGTERM')
    expect(await running.ended).toEqual({ code: 0, signal: null })
    expect(await store.workers()).toEqual([])
  })

  test('finishes running jobs within its grace, and gives them back with their attempt on a second signal', async () => {
    const { faena, store } = await withJobs(demo('quick', { ms: 60_000 }))
    const running = faena.begin(...WORK, '--grace', '50s')
    // One that is reserved and not begun yet goes back at once.
    await until('the job runs', async () => (await store.workers())[0]?.running === 1)
    process.kill(running.pid, 'SIGINT')
    await until('it stops', async () => (await store.workers())[0]?.state === 'stopping')
    await new Promise((resolve) => setTimeout(resolve, 600))
    process.kill(running.pid, 'SIGINT')
    expect(await running.ended).toEqual({ code: 0, signal: null })
    expect(await store.get(1)).toMatchObject({ status: 'due', attempts: 0 })
  })

  test('is quiet on SIGUSR2 and resumes on SIGCONT', async () => {
    const { faena, store } = await withJobs()
    const running = faena.begin(...WORK)
    await worker(store)
    process.kill(running.pid, 'SIGUSR2')
    await running.prints('reserves no more')
    await store.push([demo('quick')])
    process.kill(running.pid, 'SIGCONT')
    await running.prints(/demo\.quick .* DONE/)
  })

  test('faena restart replaces it after its current jobs, from any process', async () => {
    const { faena, store } = await withJobs()
    const running = faena.begin(...WORK)
    const before = await worker(store)
    const { stdout } = await faena.call('queue:restart')
    expect(stdout).toContain('INFO  Broadcasting queue restart signal.')
    expect(stdout).toContain('1 worker will end after the current jobs and start anew.')
    const after = await worker(store, before)
    expect(after.id).toBeGreaterThan(before.id)
    await running.prints('ended as faena restart asked; starting it anew')
    await store.push([demo('quick')])
    await running.prints(/demo\.quick .* DONE/)
  })

  test('that is killed starts anew, and its jobs are back at once, not when the lease ends', async () => {
    const { faena, store } = await withJobs()
    const running = faena.begin(...WORK, '--lease', '1h')
    await worker(store)
    const file = join(faena.folder, 'killed')
    await store.push([demo('killing', { file })])
    await running.prints(/demo\.killing .* DONE/)
    expect(running.printed()).toMatch(/was killed by SIGKILL; starting it anew/)
    expect(existsSync(file)).toBe(true)
    expect(await left(store)).toBe(0)
  })

  test('with a handler that does not end is replaced, and the attempt is settled as timed out', async () => {
    const { faena, store } = await withJobs(demo('stuck'))
    const running = faena.begin(...WORK, '--grace', '300ms')
    await running.prints('because a handler did not end after its timeout; starting it anew')
    expect(await store.get(1)).toMatchObject({ status: 'delayed', attempts: 1 })
    const other = await worker(store)
    process.kill(running.pid, 'SIGTERM')
    expect((await running.ended).code).toBe(0)
    expect(other.running).toBe(0)
  })

  test('whose parent is killed ends by itself', async () => {
    const { faena, store } = await withJobs()
    const running = faena.begin(...WORK)
    const { pid } = await worker(store)
    running.child.kill('SIGKILL')
    await running.ended
    await until('it deregistered', async () => (await store.workers()).length === 0)
    await until('it ended', async () => !isAlive(pid))
  })
})

describe('faena start', () => {
  test('runs on SQLite in an empty folder, says what runs, where the database is, and what to try', async () => {
    const faena = installation()
    delete faena.env.DATABASE_URL
    const running = faena.begin('start')
    await running.prints('faena doctor')
    expect(running.printed()).toContain('database   sqlite:.faena/faena.db')
    expect(running.printed()).toContain('No handler is configured')
    expect(existsSync(join(faena.folder, '.faena/faena.db'))).toBe(true)
    process.kill(running.pid, 'SIGINT')
    expect(await running.ended).toEqual({ code: 0, signal: null })
  })

  test('serves the queues of all handlers, runs jobs and saves the schedules of the configuration', async () => {
    const { faena, store } = await withJobs(demo('quick'))
    const running = faena.begin('start', '--config', CONFIG)
    await running.prints(/demo\.quick .* DONE/)
    expect(await faena.json('schedules')).toMatchObject([
      { key: 'hourly', cron: '0 * * * *', zone: 'UTC', origin: 'config' },
    ])
    expect((await faena.call('schedules', 'pause', 'hourly')).code).toBe(0)
    expect(await store.schedules()).toMatchObject([{ key: 'hourly', pausedAt: expect.any(Number) }])
    const { uuid } = (await faena.json('schedules', 'run', 'hourly')) as { uuid: string }
    await running.prints(new RegExp(`demo\\.quick ${uuid} .* DONE`))
  })
})

/** Not a process that has ended and waits for somebody to read how. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
