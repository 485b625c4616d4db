import { defineConfig } from 'vitest/config'

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
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
