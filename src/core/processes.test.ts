import { expect, test } from 'vitest'
import type { FaenaConfig } from './config.ts'
import { settingsFrom } from './settings.ts'

function processes(given: unknown) {
  return settingsFrom({}, { processes: given as FaenaConfig['processes'] }).processes
}

test('a command alone is a process that is ready as soon as it was started', () => {
  expect(processes({ web: 'npm run dev' })).toEqual([
    {
      name: 'web',
      command: 'npm run dev',
      cwd: '.',
      env: {},
      dependsOn: [],
      ready: null,
      readyWithinMs: 60_000,
      once: false,
    },
  ])
})

test('readiness is a port, an address, a command or a line', () => {
  const ready = (given: unknown) => processes({ db: { command: 'db', ready: given } })[0]!.ready
  expect(ready({ tcp: 5432 })).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 5432 })
  expect(ready({ tcp: '[::1]:5432' })).toEqual({ kind: 'tcp', host: '::1', port: 5432 })
  expect(ready({ http: 'http://127.0.0.1:3000/health' })).toEqual({ kind: 'http', url: 'http://127.0.0.1:3000/health' })
  expect(ready({ command: 'pg_isready' })).toEqual({ kind: 'command', command: 'pg_isready' })
  expect(ready({ log: 'ready (soon)' })).toEqual({ kind: 'log', pattern: 'ready \\(soon\\)', flags: '' })
  expect(ready({ log: /ready in \d+/gi })).toEqual({ kind: 'log', pattern: 'ready in \\d+', flags: 'i' })
})

const faults: [given: unknown, says: string][] = [
  [['npm run dev'], 'processes of faena.config.ts is ["npm run dev"]; allowed: an object of commands by name'],
  [{ web: '' }, 'command of web of processes of faena.config.ts is ""; allowed: a text that is not empty'],
  [{ web: { cmd: 'x' } }, 'a setting of web of processes of faena.config.ts is "cmd"; allowed: command, cwd'],
  [{ worker: 'x' }, 'a name in processes of faena.config.ts is "worker"; allowed: another one'],
  [
    { web: { command: 'x', dependsOn: 'bd' }, db: 'y' },
    'dependsOn of web of processes of faena.config.ts is "bd"; allowed: db, api, worker',
  ],
  [
    { web: { command: 'x', ready: { udp: 1 } } },
    'ready of web of processes of faena.config.ts is {"udp":1}; allowed: one of { tcp: 5432 }',
  ],
  [
    { web: { command: 'x', ready: { tcp: 'db' } } },
    'tcp in ready of web of processes of faena.config.ts is "db"; allowed: a port',
  ],
  [
    { web: { command: 'x', ready: { http: 'db' } } },
    'http in ready of web of processes of faena.config.ts is "db"; allowed: an address',
  ],
  [{ web: { command: 'x', once: true, ready: { tcp: 1 } } }, 'allowed: none with once'],
  [
    { a: { command: 'x', dependsOn: 'b' }, b: { command: 'x', dependsOn: 'c' }, c: { command: 'x', dependsOn: 'a' } },
    'is "a → b → c → a"; allowed: processes that do not wait for one another',
  ],
]
test.each(faults)('%j is refused, with what is allowed', (given, says) => {
  expect(() => processes(given)).toThrow(says)
})
