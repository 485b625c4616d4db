import { existsSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { isAlive, killNow, notedJobs, type Supervised, supervisedInstallation, waiting } from './supervised.ts'
import { until } from './support.ts'

/** `faena supervise` as its users have it: real processes, told what to do from another shell. */

async function drained(faena: Supervised, uuids: readonly string[]) {
  const store = await faena.store()
  await until('all jobs have ended', async () => (await waiting(store)) === 0, 120_000)
  const ended = new Set(faena.ledger())
  expect(uuids.filter((uuid) => !ended.has(uuid))).toEqual([])
}

test('ps prints the lines of Supervisor, the socket is its owner’s alone, and a second supervisor is refused', async () => {
  const faena = supervisedInstallation({ 'arconte-worker': { processes: 2 } })
  const running = await faena.supervise()
  const rows = await faena.working(2)
  const { code, stdout } = await faena.faena('ps', 'arconte-worker:*')
  expect(code).toBe(0)
  const lines = stdout.trimEnd().split('\n')
  for (const [at, line] of lines.entries()) {
    const name = `arconte-worker:arconte-worker_0${at}`
    expect(line).toMatch(new RegExp(`^${name}  RUNNING   pid ${rows[at]!.pid}, uptime 0:\\d\\d:\\d\\d$`))
  }
  expect(statSync(join(faena.folder, '.faena/supervisor.sock')).mode & 0o777).toBe(0o600)

  const second = await faena.faena('supervise')
  expect(second.code).toBe(1)
  expect(second.stderr).toContain('A supervisor runs for .faena already')
  expect(await faena.faena('ps', 'nobody')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('No process is called nobody; there are arconte-worker:*, arconte-worker:'),
  })

  running.child.kill('SIGTERM')
  expect((await running.ended).code).toBe(0)
  expect(faena.processes()).toEqual([])
  expect(await faena.faena('ps')).toMatchObject({ code: 3, stderr: expect.stringContaining('No supervisor runs') })
})

test('stop, start, restart and tail by name; what a stranger says over the socket harms nobody', async () => {
  const faena = supervisedInstallation({ a: { queues: 'a', processes: 1 }, b: { queues: 'b', processes: 1 } })
  await faena.supervise()
  const [a, b] = await faena.working(2)
  expect((await faena.faena('stop', 'a:*')).stdout).toBe('a:a_00: stopped\n')
  expect(isAlive(a!.pid!)).toBe(false)
  expect((await faena.faena('ps')).stdout).toMatch(
    /^a:a_00 {2}STOPPED {3}\w{3} \d\d \d\d:\d\d [AP]M\nb:b_00 {2}RUNNING/,
  )
  expect((await faena.faena('start')).stdout).toBe('b:b_00: already started\na:a_00: started\n')
  expect((await faena.faena('restart', 'b:b_00')).stdout).toBe('b:b_00: restarted\n')
  await until('the old one left', () => !isAlive(b!.pid!))

  const store = await faena.store()
  const jobs = notedJobs(3, 'a')
  await store.push(jobs)
  await drained(
    faena,
    jobs.map(({ uuid }) => uuid),
  )
  await until('its lines', async () => (await faena.faena('tail', 'a:a_00')).stdout.split('DONE').length === 4)
  const follower = faena.begin('tail', '-f', '-n', '0', 'a_00')
  await sleep(500)
  await until('a line as it is printed', async () => {
    await store.push(notedJobs(1, 'a'))
    return follower.printed().includes('DONE')
  })
  follower.child.kill('SIGINT')
  expect((await follower.ended).code).toBe(0)
  expect(readFileSync(join(faena.folder, '.faena/logs/a_00.log'), 'utf8')).toContain('DONE')

  const socket = connect(join(faena.folder, '.faena/supervisor.sock'))
  socket.write('{"command":"format","names":[]}\n')
  const [answer] = (await socket.toArray()).map(String)
  expect(JSON.parse(answer!)).toMatchObject({ kind: 'failed', code: 'BAD_ARGUMENT' })
  expect((await faena.faena('stop', '--supervisor')).code).toBe(0)
  await until('nothing is left', () => faena.processes().length === 0)
})

test('reread says what is different, update takes it over, and a broken configuration changes nothing', async () => {
  const faena = supervisedInstallation({ a: { queues: 'a' }, b: { queues: 'b' } })
  await faena.supervise()
  await faena.working(2)
  expect((await faena.faena('reread')).stdout).toBe('No config updates to processes\n')
  faena.configure({ b: { queues: 'b', concurrency: 2 }, c: { queues: 'c' } })
  expect((await faena.faena('reread')).stdout).toBe('c: available\nb: changed\na: disappeared\n')
  const updated = await faena.faena('update')
  expect(updated.stdout.trimEnd().split('\n').sort()).toEqual([
    'a: removed process group',
    'b: updated process group',
    'c: added process group',
  ])
  expect((await faena.working(2)).map(({ name }) => name)).toEqual(['b:b_00', 'c:c_00'])
  faena.configure({ b: { processes: 0 } })
  expect(await faena.faena('update')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('processes of pool b of pools of faena.config.ts is 0'),
  })
  expect((await faena.rows()).map(({ state }) => state)).toEqual(['RUNNING', 'RUNNING'])
})

test('a rolling restart under 1,000 jobs a second loses none, and the queue always has a worker', async () => {
  const faena = supervisedInstallation({ busy: { queues: 'default', processes: 2 } })
  await faena.supervise()
  await faena.working(2)
  const store = await faena.store()
  const uuids: string[] = []
  const serving: number[] = []
  let go = true
  const producing = (async () => {
    for (const began = performance.now(); go; await sleep(10)) {
      const missing = Math.floor(performance.now() - began) - uuids.length
      const jobs = notedJobs(Math.min(2_000, missing))
      if (jobs.length > 0) await store.push(jobs)
      uuids.push(...jobs.map(({ uuid }) => uuid))
    }
  })()
  const watching = (async () => {
    for (; go; await sleep(20)) {
      const workers = await store.workers()
      serving.push(workers.filter(({ state, queues }) => state === 'running' && queues.includes('default')).length)
    }
  })()
  await sleep(1_000)
  const before = (await faena.rows()).map(({ pid }) => pid)
  expect((await faena.faena('restart', 'busy:*')).stdout).toBe('busy:busy_00: restarted\nbusy:busy_01: restarted\n')
  // Told through the store, as from another machine, they come one by one too.
  const between = (await faena.working(2)).map(({ pid }) => pid)
  expect((await faena.faena('restart')).code).toBe(0)
  await until('both are new', async () => {
    const now = (await faena.rows()).filter(({ state }) => state === 'RUNNING').map(({ pid }) => pid)
    return now.length === 2 && !now.some((pid) => between.includes(pid))
  })
  go = false
  await Promise.all([producing, watching])
  await drained(faena, uuids)
  expect(faena.ledger()).toHaveLength(uuids.length)
  expect(before.some((pid) => between.includes(pid))).toBe(false)
  expect(Math.min(...serving)).toBeGreaterThanOrEqual(1)
  expect(await store.countFailed()).toBe(0)
})

test('whatever is killed, the tree heals, and no job, orphan or zombie is left', async () => {
  const pools = { one: { queues: 'one', processes: 2 }, two: { queues: 'two', processes: 1 } }
  const faena = supervisedInstallation(pools)
  let supervisor = await faena.supervise()
  await faena.working(3)
  const store = await faena.store()
  const uuids: string[] = []
  const dispatch = async () => {
    const jobs = [...notedJobs(40, 'one', { ms: 5 }), ...notedJobs(10, 'two')]
    await store.push(jobs)
    uuids.push(...jobs.map(({ uuid }) => uuid))
  }
  const killOne = async (at: number) => {
    const rows = (await faena.rows()).filter(({ pid }) => pid !== null)
    const { pid } = rows[at % Math.max(1, rows.length)] ?? {}
    if (pid) killNow(pid)
  }
  const deeds: (() => Promise<unknown>)[] = [
    () => killOne(0),
    () => faena.faena('restart', 'one:*'),
    () => Promise.all([faena.faena('restart', 'all'), sleep(300).then(() => killOne(1))]),
    () => faena.faena('stop', 'two:*'),
    () => faena.faena('start'),
    async () => {
      supervisor.child.kill('SIGKILL')
      await supervisor.ended
      supervisor = await faena.supervise()
    },
    () => killOne(2),
    async () => {
      faena.configure({ ...pools, one: { ...pools.one, processes: 1 } })
      await faena.faena('update')
    },
    async () => {
      supervisor.child.kill('SIGTERM')
      await dispatch()
      await supervisor.ended
      supervisor = await faena.supervise()
    },
    async () => {
      const children = faena.processes().filter(({ parent }) => parent === supervisor.pid)
      for (const { pid } of [{ pid: supervisor.pid }, ...children]) killNow(pid)
      await supervisor.ended
      faena.configure(pools)
      supervisor = await faena.supervise()
    },
    () => killOne(1),
    () => faena.faena('restart'),
  ]
  for (const deed of deeds) {
    await dispatch()
    await deed()
  }
  await faena.working(3)
  await drained(faena, uuids)
  expect(await store.countFailed()).toBe(0)
  // The last restart may still be going on.
  await until('those that left have ended', async () => {
    const rows = await faena.rows()
    const expected = new Set([supervisor.pid, ...rows.map(({ pid }) => pid)])
    return rows.length === 3 && faena.processes().every(({ pid }) => expected.has(pid))
  })
  expect(faena.processes().filter(({ state }) => state === 'Z')).toEqual([])
  supervisor.child.kill('SIGTERM')
  expect((await supervisor.ended).code).toBe(0)
  await until('nothing is left', () => faena.processes().length === 0)
})

test('when the supervisor is killed, its workers finish what they have and end; another starts over the socket it left', async () => {
  const faena = supervisedInstallation({ a: { processes: 2 } })
  const supervisor = await faena.supervise()
  const old = (await faena.working(2)).map(({ pid }) => pid!)
  const store = await faena.store()
  const jobs = notedJobs(4, 'default', { ms: 1_500 })
  await store.push(jobs)
  // What is reserved and has not begun is given back at an end, and may be run by the next.
  await until('they run', () => new Set(faena.begun()).size === 4)
  supervisor.child.kill('SIGKILL')
  await supervisor.ended
  expect(existsSync(join(faena.folder, '.faena/supervisor.sock'))).toBe(true)
  expect(await faena.faena('ps')).toMatchObject({ code: 3, stderr: expect.stringContaining('No supervisor runs') })
  const next = await faena.supervise()
  const pids = (await faena.working(2)).map(({ pid }) => pid!)
  await until('those it had have ended', () => !old.some(isAlive), 20_000)
  expect(faena.ledger().sort()).toEqual(jobs.map(({ uuid }) => uuid).sort())
  expect((await faena.rows()).map(({ pid }) => pid)).toEqual(pids)
  next.child.kill('SIGTERM')
  expect((await next.ended).code).toBe(0)
  await until('nothing is left', () => faena.processes().length === 0)
})

test('processes at a limit of jobs, age or memory are replaced one by one, and no job is dropped', async () => {
  const faena = supervisedInstallation({
    jobs: { queues: 'a', maxJobs: 20 },
    age: { queues: 'b', maxAge: '2s' },
    // Below what a worker weighs from the start, but not so far that it would end by itself: that is half as much again.
    memory: { queues: 'c', memory: 95 },
  })
  const running = await faena.supervise()
  const before = (await faena.working(3)).find(({ pool }) => pool === 'jobs')
  const store = await faena.store()
  const jobs = notedJobs(200, 'a')
  await store.push(jobs)
  for (const reason of ['it began 20 jobs', 'it is 2s old', 'it has']) await running.prints(reason)
  await drained(
    faena,
    jobs.map(({ uuid }) => uuid),
  )
  expect(faena.ledger()).toHaveLength(200)
  await until('another is there', async () => {
    const now = (await faena.rows()).find(({ pool, state }) => pool === 'jobs' && state === 'RUNNING')
    return now !== undefined && now.pid !== before?.pid
  })
})

test('with balance auto, processes move to the queue that waits and back', async () => {
  const faena = supervisedInstallation({
    auto: {
      ...{ queues: 'a,b', balance: 'auto', processes: { min: 1, max: 4 }, concurrency: 1 },
      ...{ cooldown: '300ms', holdDown: '1s', waitTarget: '500ms' },
    },
  })
  const running = await faena.supervise()
  await faena.working(2)
  const store = await faena.store()
  const first = notedJobs(150, 'a', { ms: 100 })
  await store.push(first)
  await running.prints(/auto, queue a: 2 → 3 processes \(\d+ jobs are due\)/)
  await until('a is done', async () => (await waiting(store)) === 0)
  const second = notedJobs(150, 'b', { ms: 100 })
  await store.push(second)
  await running.prints(/auto, queue a: 3 → 2 processes/)
  await running.prints(/auto, queue b: 2 → 3 processes/)
  const uuids = [...first, ...second].map(({ uuid }) => uuid)
  await drained(faena, uuids)
  expect(faena.ledger()).toHaveLength(uuids.length)
  await until('back to the least', async () => (await faena.rows()).length === 2)
  expect((await faena.rows()).map(({ queues }) => queues)).toEqual([['a'], ['b']])
})

test('a pool that cannot start is quarantined and says why; its neighbours work', async () => {
  const faena = supervisedInstallation({ good: { queues: 'a' }, bad: { queues: 'b', concurrency: 1 } })
  const running = await faena.supervise()
  onTestFinished(() => void running.child.kill('SIGKILL'))
  await faena.working(2)
  const store = await faena.store()
  await store.push(notedJobs(30, 'b', { kill: true }))
  await running.prints('bad is quarantined')
  const { code, stdout } = await faena.faena('ps')
  expect(code).toBe(4)
  expect(stdout).toMatch(/^bad:bad_00 {4}FATAL {5}quarantined, a trial in .*; process \d+ was killed by SIGKILL$/m)
  expect(stdout).toMatch(/^good:good_00 {2}RUNNING/m)
})
