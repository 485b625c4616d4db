import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { createQueue } from '../../src/index.ts'
import { type Installation, installation } from '../cli/support.ts'
import { SUPERVISOR, SYSTEMD } from '../support/programs.ts'
import { ensureInstalled, missing } from '../support/servers/install.ts'
import { sync } from './fixtures/orders/jobs.ts'
import { isAlive, notedJobs, supervisedInstallation } from './supervised.ts'
import { until } from './support.ts'

const CONFIG = fileURLToPath(new URL('./fixtures/orders/faena.config.ts', import.meta.url))
const [noSystemd, noSupervisor] = [missing(SYSTEMD), missing(SUPERVISOR)]
for (const noted of [noSystemd, noSupervisor]) if (noted !== undefined && process.env.CI) throw new Error(noted)

test.skipIf(noSystemd !== undefined)(
  'systemd finds nothing wrong in its units, whatever the words of the command',
  async () => {
    const faena = installation()
    const root = join(faena.folder, 'root')
    const words = [
      'service',
      'systemd',
      '--config',
      CONFIG,
      '--processes',
      '2',
      '--user',
      'www-data',
      '--install',
      '--root',
      root,
    ]
    const { code, stdout } = await faena.faena(...words, '--', '--queue', 'a b,c%d', '--tries', '3')
    expect(code).toBe(0)
    const units = join(root, 'etc/systemd/system')
    expect(stdout).toContain(`written: ${join(units, 'faena-work@.service')}`)
    expect(readFileSync(join(units, 'faena-work@.service'), 'utf8')).toContain('"a b,c%%d" --tries 3\n')
    expect(await verified(units, ['faena-work@1.service', 'faena-work@2.service', 'faena-work.target'])).toBe('')
  },
)

test.skipIf(noSystemd !== undefined).each(['serve', 'supervise', 'start'])(
  'systemd finds nothing wrong in the unit of faena %s, which is one process',
  async (run) => {
    const faena = installation()
    const root = join(faena.folder, 'root')
    const { code } = await faena.call('service', 'systemd', '--run', run, '--install', '--root', root)
    expect(code).toBe(0)
    const units = join(root, 'etc/systemd/system')
    const unit = readFileSync(join(units, `faena-${run}@.service`), 'utf8')
    expect(unit).toMatch(new RegExp(`^ExecStart=\\S+ \\S+main.ts ${run} --config `, 'm'))
    // Supervisors are given the time in which they stop one worker after another.
    expect(unit).toContain(`TimeoutStopSec=${run === 'serve' ? 35 : 90}\n`)
    expect(await verified(units, [`faena-${run}@1.service`, `faena-${run}.target`])).toBe('')
  },
)

test.skipIf(noSupervisor !== undefined)(
  'a real Supervisor starts two workers, restarts one that is killed, tails and stops them',
  async () => {
    const faena = installation()
    const name = 'arconte-worker'
    const flags = ['--config', CONFIG, '--name', name, '--processes', '2']
    const control = await supervisord(faena, [...flags, '--', '--sleep', '1'])
    const pids = () =>
      [...control('status', `${name}:*`).matchAll(/_0(\d)\s+RUNNING\s+pid (\d+), uptime/g)].map(([, , pid]) =>
        Number(pid),
      )
    const store = await faena.store()
    const workers = async () => (await store.workers()).length
    await until('two workers', async () => pids().length === 2 && (await workers()) === 2)
    expect(control('status', `${name}:*`)).toMatch(
      /^arconte-worker:arconte-worker_00 +RUNNING +pid \d+, uptime 0:00:\d+\narconte-worker:arconte-worker_01 +RUNNING/m,
    )

    const [first, second] = pids()
    process.kill(first!, 'SIGKILL')
    await until('a new process in its place', () => pids().length === 2 && !pids().includes(first!))
    expect(pids()).toContain(second)
    const queue = createQueue({ store })
    const dispatched = await queue.dispatchMany(
      sync,
      Array.from({ length: 20 }, (_, at) => ({ orderId: at, tienda_id: 1 })),
    )
    await queue.close()
    const tailed = () =>
      control('tail', '-100000', `${name}:${name}_00`) + control('tail', '-100000', `${name}:${name}_01`)
    await until('all jobs in the logs', () => {
      const said = tailed()
      return dispatched.every(
        ({ uuid }) => said.includes(`"event":"completed","job":"orders.sync"`) && said.includes(uuid),
      )
    })

    const last = pids()
    control('stop', `${name}:*`)
    expect(control('status', `${name}:*`).match(/STOPPED/g)).toHaveLength(2)
    expect(last.filter(isAlive)).toEqual([])
    expect(await workers()).toBe(0)
  },
)

test.skipIf(noSupervisor !== undefined)(
  'a real Supervisor keeps faena supervise: killed it comes back, and its stop ends every worker',
  async () => {
    const faena = supervisedInstallation({ orders: { processes: 2 } })
    const control = await supervisord(faena, ['--run', 'supervise', '--name', 'arconte'])
    const pid = () =>
      Number(/^arconte:arconte_00 +RUNNING +pid (\d+), uptime/m.exec(control('status', 'arconte:*'))?.[1])
    const children = () => faena.processes().filter(({ parent }) => parent === pid())
    const first = await faena.working(2)
    const killed = pid()
    expect(children().map((one) => one.pid)).toEqual(first.map((row) => row.pid))
    process.kill(killed, 'SIGKILL')
    await until('another in its place', () => pid() > 0 && pid() !== killed)
    const second = await faena.working(2)
    await until('those of the killed one have ended', () => !first.some((row) => isAlive(row.pid!)))

    const store = await faena.store()
    const jobs = notedJobs(20)
    await store.push(jobs)
    await until('they run', () => faena.ledger().length === jobs.length)
    control('stop', 'arconte:*')
    expect(control('status', 'arconte:*')).toMatch(/STOPPED/)
    expect(second.filter((row) => isAlive(row.pid!))).toEqual([])
    expect((await store.workers()).length).toBe(0)
  },
)

test('launchd and Windows get files that programs can read', async () => {
  const faena = installation()
  const files = async (manager: string) => {
    const words = [
      'service',
      manager,
      '--config',
      CONFIG,
      '--processes',
      '2',
      '--name',
      'a-worker',
      '--user',
      'maria',
      '--json',
    ]
    return JSON.parse((await faena.faena(...words, '--', '--queue', `it's "a" & b`, '--name', 'maría’s')).stdout) as {
      files: { path: string; text: string }[]
    }
  }
  const plists = (await files('launchd')).files
  expect(plists.map(({ path }) => path)).toEqual(
    [1, 2].map((at) => `/Library/LaunchDaemons/faena.a-worker-${at}.plist`),
  )
  expect(plists[0]!.text).toContain("<string>it's &quot;a&quot; &amp; b</string>")
  expect(unclosed(plists[0]!.text)).toEqual([])
  const [script] = (await files('windows')).files
  expect(script!.path).toBe('a-worker.ps1')
  // PowerShell takes a typographic quote for the end of a text as well.
  expect(script!.text).toContain(`--queue "it''s \\"a\\" & b" --name maría’’s' -WorkingDirectory`)
  expect(script!.text).toContain("foreach ($name in @('a-worker-1', 'a-worker-2'))")
  expect((await faena.call('service', 'windows', '--install', '--root', faena.folder)).code).toBe(0)
  expect(readFileSync(join(faena.folder, 'faena-work.ps1')).subarray(0, 4)).toEqual(Buffer.from('\ufeff#'))
})

test.each([
  [['service', 'upstart'], 'manager is "upstart"; allowed: systemd, supervisor, launchd, windows'],
  [['service', 'systemd', '--name', 'a b'], '--name is "a b"; allowed: letters'],
  [['service', 'systemd', '--run', 'serve', '--processes', '2'], '--processes is 2 with --run serve'],
  [['service', 'systemd', '--user', 'a;b'], '--user is "a;b"'],
  [['service', 'systemd', '--', '--queue', 'a\nExecStart=/bin/b'], 'a word of the command is "a\\nExecStart=/bin/b"'],
  [['service', 'systemd', '--root', 'x'], '--root is given without --install'],
])('%j is refused, and nothing is written', async (words, text) => {
  const faena = installation()
  const { code, stderr } = await faena.call(...words)
  expect(stderr).toContain(text)
  expect(code).toBe(2)
  expect(existsSync(join(faena.folder, 'x'))).toBe(false)
})

/** What systemd finds wrong in units. */
async function verified(folder: string, units: readonly string[]): Promise<string> {
  const analyze = join(await ensureInstalled(SYSTEMD), 'systemd-analyze')
  // Beside our units those of the machine, which ours name.
  const env = { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` }
  const command = [analyze, 'verify', '--man=no', ...units]
  return execFileSync('sh', ['-c', '"$0" "$@" 2>&1', ...command], { env, encoding: 'utf8', cwd: folder })
}

/** A supervisord that keeps what `faena service supervisor` wrote; answers its `supervisorctl`. */
async function supervisord(faena: Installation, words: string[]): Promise<(...words: string[]) => string> {
  const { folder, url, env } = faena
  writeFileSync(join(folder, '.env'), `DATABASE_URL=${url}\n`)
  const root = join(folder, 'root')
  const logs = join(folder, 'logs')
  mkdirSync(logs)
  const own = ['--user', userInfo().username, '--logs', logs, '--install', '--root', root]
  expect((await faena.faena('service', 'supervisor', ...own, ...words)).code).toBe(0)
  const conf = join(folder, 'supervisord.conf')
  writeFileSync(conf, supervisordConf(folder, join(root, 'etc/supervisor/conf.d/*.conf')))
  const bin = await ensureInstalled(SUPERVISOR)
  const daemon = spawn(join(bin, 'supervisord'), ['--nodaemon', '-c', conf], {
    ...{ cwd: folder, stdio: 'ignore', env: { PATH: env.PATH, LEDGER: env.LEDGER } },
  })
  const ended = new Promise((resolve) => daemon.once('exit', resolve))
  onTestFinished(async () => {
    daemon.kill('SIGTERM')
    await ended
  })
  return (...command) => {
    const whole = [join(bin, 'supervisorctl'), '-c', conf, ...command]
    return execFileSync('sh', ['-c', '"$0" "$@" 2>&1 || true', ...whole], { encoding: 'utf8' })
  }
}

function supervisordConf(folder: string, programs: string): string {
  return `[supervisord]
logfile=${folder}/supervisord.log
pidfile=${folder}/supervisord.pid
childlogdir=${folder}
[unix_http_server]
file=${folder}/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://${folder}/supervisor.sock
[include]
files = ${programs}
`
}

/** Elements of XML that are not closed where they should be. */
function unclosed(xml: string): string[] {
  const open: string[] = []
  for (const [, slash, name, empty] of xml.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (slash === '' && empty === '') open.push(name!)
    else if (slash === '/' && open.at(-1) === name) open.pop()
    else if (slash === '/') return [...open, `/${name}`]
  }
  return open
}
