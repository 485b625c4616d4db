import { defineConfig } from 'vitest/config'

/**
 * Chaos on servers takes about six minutes for each on two cores that have nothing else to do, ten where they are shared;
 * `FAENA_TEST_STORES=all npm test` has it run. By file, in seconds: workers 150, server 110, network 130, migrations 30,
 * laravel 45, transactions 40.
 */
const chaosOnServers = /all|postgres|mysql/.test(process.env.FAENA_TEST_STORES ?? '')

/** `fast` runs in seconds on memory and SQLite; `processes` starts real processes, kills them and looks at what is left. */
export default defineConfig({
  test: {
    globalSetup: ['test/support/servers/setup.ts'],
    // In CI every test is named, and the counts are left for .ci/run.
    reporters: process.env.CI ? ['verbose', ['json', { outputFile: '.faena/test-results.json' }]] : ['default'],
    projects: [
      {
        test: {
          name: 'fast',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['test/processes/**', 'test/model/**', '**/node_modules/**'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'processes',
          include: ['test/processes/**/*.test.ts', 'test/model/**/*.test.ts'],
          exclude: chaosOnServers ? [] : ['test/processes/chaos-servers.test.ts', 'test/processes/chaos/**'],
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
