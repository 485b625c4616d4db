import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { Sequence } from './test/support/sequence.ts'

/**
 * Chaos on servers; `FAENA_TEST_STORES=all npm test` has it run. For one server, in seconds, on two cores that had other work:
 * workers 175, network 180, server 130, transactions 80, migrations 50, laravel 45.
 */
const chaosOnServers = /all|postgres|mysql/.test(process.env.FAENA_TEST_STORES ?? '')

/** Tests that ask a database server, or a whole API, for what they need. */
const ON_SERVERS = [
  ...['postgres', 'mysql', 'libraries', 'laravel', 'http'].map((folder) => `test/${folder}/*.test.ts`),
  'test/cli/store-options.test.ts',
]

/** Tests of whole processes that leave each other alone, or wait most of their time: some of them may run at once. */
const COMMANDS = [
  'cli-parent',
  'cli-serve',
  'cli-work',
  'package',
  'service',
  'logs',
  'retry-restart',
  'alerts',
  'dev',
  'docs-code',
  'mysql-idle',
  'postgres-idle',
].map((name) => `test/processes/${name}.test.ts`)

/** Tests that look at all processes of the machine, or that a busy machine would disturb. */
const ALONE = ['operators-checks', 'pool', 'soak'].map((name) => `test/processes/${name}.test.ts`)
const CHAOS_ON_SERVERS = ['test/processes/chaos-servers.test.ts', 'test/processes/chaos/*.test.ts']

/** After the projects that run in more processes. Nobody else asks the servers meanwhile, whose own counters some tests read. */
const BESIDE_EACH_OTHER = { maxWorkers: 2, sequence: { groupOrder: 1 } }

/**
 * `fast` runs on memory and SQLite in less than a minute; `servers` on PostgreSQL and MariaDB, and the API on all of them;
 * `commands` and `processes` start real processes, kill them and look at what is left, the former beside all of these and the
 * model; `browser` opens the dashboard in Chromium on real servers, workers and jobs, beside `processes`, two files at a time;
 * `alone` comes last, one file at a time. Under `--mode all-stores`, as `npm test` says it, conformance and the model run on the
 * servers too, unless stores are named.
 */
export default defineConfig(({ mode }) => ({
  test: {
    env: mode === 'all-stores' ? { FAENA_TEST_STORES: process.env.FAENA_TEST_STORES ?? 'all' } : {},
    globalSetup: ['test/support/servers/setup.ts'],
    // They wait for disks and servers more than for processors: a third file at once pays on two cores.
    maxWorkers: Math.max(3, availableParallelism()),
    sequence: { sequencer: Sequence },
    // In CI every test is named, and the counts are left for .ci/run.
    reporters: process.env.CI ? ['verbose', ['json', { outputFile: '.faena/test-results.json' }]] : ['default'],
    projects: [
      {
        test: {
          name: 'fast',
          include: ['src/**/*.test.ts', 'dashboard/src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...ON_SERVERS, 'test/processes/**', 'test/model/**', 'test/browser/**', '**/node_modules/**'],
          testTimeout: 60_000,
          // Files share processes, and so what they import, which took nearly as much of the processors as the tests did.
          isolate: false,
        },
      },
      {
        test: {
          name: 'servers',
          include: ON_SERVERS,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'commands',
          include: [...COMMANDS, 'test/model/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'processes',
          include: ['test/processes/*.test.ts'],
          exclude: [...COMMANDS, ...ALONE, ...CHAOS_ON_SERVERS],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          ...BESIDE_EACH_OTHER,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 180_000,
          expect: { poll: { timeout: 10_000 } },
          // The first of them builds the dashboard, and installs Chromium where it is missing.
          hookTimeout: 300_000,
          ...BESIDE_EACH_OTHER,
        },
      },
      {
        test: {
          name: 'alone',
          include: [...ALONE, ...(chaosOnServers ? CHAOS_ON_SERVERS : [])],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
}))
