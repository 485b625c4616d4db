import { expect, test } from 'vitest'
import * as faena from '../../src/index.ts'
import * as testing from '../../src/testing/index.ts'

test('the public names are these, and none appears or goes by accident', () => {
  expect(Object.keys(faena).sort()).toEqual([
    'ERROR_CODES',
    'FaenaError',
    'createAdmin',
    'createQueue',
    'createWorker',
    'defineConfig',
    'defineJob',
    'handle',
    'isFaenaError',
    'isHandler',
    'isJob',
    'openQueue',
    'openStore',
    'settingsFrom',
    'syncRunner',
    'type',
  ])
  expect(Object.keys(testing).sort()).toEqual(['drain', 'fakeClock', 'fakeQueue', 'jobFactory', 'memoryStore'])
})
