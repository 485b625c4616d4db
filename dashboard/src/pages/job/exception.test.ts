import { expect, test } from 'vitest'
import { readException } from './exception.ts'

test('of a Node error the frames of the application are told from those of libraries and of the runtime', () => {
  const [part] = readException(
    [
      'Error: server has gone away',
      '    at sync (/app/jobs/sync.ts:12:9)',
      '    at Client.query (/app/node_modules/pg/lib/client.js:33:7)',
      '    at async /app/jobs/run.ts:4:3',
      '    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
    ].join('\n'),
  )
  expect(part?.headline).toBe('Error: server has gone away')
  expect(part?.frames.map(({ name, own }) => [name, own])).toEqual([
    ['sync', true],
    ['Client.query', false],
    [null, true],
    ['process.processTicksAndRejections', false],
  ])
})

test('a cause is a part of its own', () => {
  const parts = readException(
    'Error: outer\n    at a (/app/a.ts:1:1) {\n  [cause]: TypeError: inner\n      at b (/app/b.ts:2:2)\n}',
  )
  expect(parts.map(({ headline, frames }) => [headline, frames.length])).toEqual([
    ['Error: outer', 1],
    ['[cause]: TypeError: inner', 1],
  ])
})

test('of a PHP exception too: vendor is foreign', () => {
  const [part] = readException(
    'RuntimeException: NetSuite sync failed in /app/app/Jobs/Sync.php:40\nStack trace:\n#0 /app/app/Jobs/Sync.php(22): App\\Jobs\\Sync->push()\n#1 /app/vendor/laravel/framework/src/Queue.php(36): App\\Jobs\\Sync->handle()\n#2 {main}',
  )
  expect(part?.headline).toBe('RuntimeException: NetSuite sync failed in /app/app/Jobs/Sync.php:40')
  expect(part?.frames.map(({ own }) => own)).toEqual([true, false, false])
  expect(part?.frames[0]).toMatchObject({ name: 'App\\Jobs\\Sync->push()', place: '/app/app/Jobs/Sync.php(22)' })
})

test('of a chain as PHP writes it, what was thrown last comes first and its cause after it', () => {
  const parts = readException(
    'PDOException: gone in /app/a.php:1\n#0 {main}\n\nNext RuntimeException: sync failed in /app/b.php:2\n#0 {main}',
  )
  expect(parts.map(({ headline }) => headline)).toEqual([
    'RuntimeException: sync failed in /app/b.php:2',
    'PDOException: gone in /app/a.php:1',
  ])
})

test('text of no known form stays whole', () => {
  expect(readException('killed\nby the kernel')).toEqual([{ headline: 'killed\nby the kernel', frames: [] }])
  expect(readException('')).toEqual([])
})
