import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineJob } from './job.ts'
import {
  excerpt,
  type PayloadOptions,
  readPayload,
  retriedPayload,
  tryReadPayload,
  uuidOf,
  withSchedule,
  withUuid,
  writePayload,
} from './payload.ts'

const UUID = '019b76da-a800-7000-8000-000000000001'
const NOW = Date.UTC(2026, 0, 5, 12, 0, 0, 400)
const fetchCase = defineJob({
  name: 'cases.fetch',
  input: z.object({ caseId: z.number() }),
  tries: 3,
  timeout: '2m',
  backoff: ['10s', '1m'],
})
const plain = defineJob({ name: 'plain', input: z.unknown() })

function written(job: Parameters<typeof writePayload>[0], options: Partial<PayloadOptions> = {}): string {
  return writePayload(job, { uuid: UUID, now: NOW, delayMs: 0, data: '{"caseId":1}', ...options })
}

describe('a payload as Faena writes it', () => {
  test('has Laravel’s keys in Laravel’s order, uuid first, and ours under one key', () => {
    const payload = JSON.parse(written(fetchCase))
    expect(Object.keys(payload)).toEqual(
      'uuid displayName job maxTries backoff timeout data createdAt faena'.split(' '),
    )
    expect(payload).toEqual({
      uuid: UUID,
      displayName: 'cases.fetch',
      job: 'faena@cases.fetch',
      maxTries: 3,
      backoff: '10,60',
      timeout: 120,
      data: { caseId: 1 },
      createdAt: 1_767_614_400,
      faena: { at: NOW },
    })
    expect(written(fetchCase).indexOf(UUID)).toBe(9)
  })

  test('has all of Laravel’s keys where each of them says something', () => {
    const job = defineJob({
      name: 'a',
      input: z.unknown(),
      maxExceptions: 2,
      failOnTimeout: true,
      backoff: '5s',
      timeout: '9s',
      retryFor: '90s',
      version: 2,
    })
    const payload = JSON.parse(written(job, { delayMs: 1_000 }))
    expect(Object.keys(payload)).toEqual(
      'uuid displayName job maxTries maxExceptions failOnTimeout backoff timeout retryUntil data createdAt delay faena'.split(
        ' ',
      ),
    )
    expect(payload).toMatchObject({ maxExceptions: 2, failOnTimeout: true, faena: { v: 2 } })
  })

  test('rounds what Laravel counts in seconds up, and keeps the exact value beside', () => {
    const job = defineJob({ name: 'a', input: z.unknown(), timeout: '1500ms', backoff: '250ms', retryFor: '90s' })
    const payload = JSON.parse(written(job, { delayMs: 1 }))
    expect(payload).toMatchObject({ timeout: 2, backoff: '1', delay: 1, retryUntil: 1_767_614_491 })
    expect(payload.faena).toMatchObject({ timeoutMs: 1_500, backoff: [250] })
    expect(readPayload(JSON.stringify(payload))).toMatchObject({ timeoutMs: 1_500, backoff: [250] })
  })

  test('leaves an exponential backoff to our own key, since Laravel has no form for it', () => {
    const job = defineJob({ name: 'a', input: z.unknown(), backoff: { base: '1s' } })
    expect(JSON.parse(written(job))).toMatchObject({ faena: { backoff: { base: 1_000, factor: 2 } } })
  })

  test('holds only what was asked for under our key', () => {
    const unique = { key: 'plain:1', until: 'ended' as const }
    const keeping = defineJob({ name: 'k', input: z.unknown(), keepResult: '1h', priority: 5 })
    expect(JSON.parse(written(keeping, { tags: ['a"b'], unique })).faena).toEqual({
      at: NOW,
      priority: 5,
      tags: ['a"b'],
      unique,
      keepResultMs: 3_600_000,
    })
    expect(JSON.parse(written(plain, { tags: [], priority: 0 })).faena).toEqual({ at: NOW })
  })

  test('says which schedule made it, and for when', () => {
    const schedule = { key: 'nightly "A"', at: NOW }
    expect(JSON.parse(withSchedule(written(plain), schedule)).faena).toEqual({ at: NOW, schedule })
  })

  test('options of the dispatch win over the definition, 0 and null too', () => {
    expect(JSON.parse(written(fetchCase, { tries: 0, timeoutMs: 0 }))).toMatchObject({ maxTries: 0, timeout: 0 })
    const bare = JSON.parse(written(fetchCase, { tries: null, timeoutMs: null }))
    expect(bare).toMatchObject({ maxTries: null })
    expect(bare).not.toHaveProperty('timeout')
  })

  test('reads back whatever its input, names and tags hold', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(fc.string({ unit: 'binary' })), fc.string(), (input, tags, key) => {
        const data = JSON.stringify(input)
        const read = readPayload(written(plain, { data, tags, unique: { key, until: 'window' } }))
        expect(JSON.stringify(read.data)).toBe(JSON.stringify(JSON.parse(data)))
        expect(read).toMatchObject({ uuid: UUID, name: 'plain', maxTries: null })
        expect(read.faena.unique).toEqual({ key, until: 'window' })
        expect(read.faena.tags ?? []).toEqual(tags)
      }),
      { numRuns: 50 },
    )
  })
})

describe('a payload that somebody else wrote', () => {
  const laravel = {
    uuid: '5565abc3-1ae0-48ad-9fa9-e8ccc5beeec3',
    displayName: 'App\\Jobs\\RetryUntilJob',
    job: 'Illuminate\\Queue\\CallQueuedHandler@call',
    maxTries: null,
    maxExceptions: 2,
    failOnTimeout: false,
    backoff: '10,30,60',
    timeout: 120,
    retryUntil: 1_900_000_000,
    data: { commandName: 'App\\Jobs\\RetryUntilJob', command: 'O:22:"App\\Jobs\\RetryUntilJob":1:{s:1:"n";i:1;}' },
  }

  test('of Laravel is read in full, and no handler of ours is found by it', () => {
    expect(readPayload(JSON.stringify(laravel))).toEqual({
      uuid: laravel.uuid,
      displayName: laravel.displayName,
      jobClass: laravel.displayName,
      job: laravel.job,
      name: null,
      data: laravel.data,
      maxTries: null,
      maxExceptions: 2,
      failOnTimeout: false,
      timeoutMs: 120_000,
      backoff: [10_000, 30_000, 60_000],
      retryUntil: 1_900_000_000_000,
      faena: {},
    })
  })

  test('is called by its command, else its job, where it has no display name', () => {
    const { displayName: _, ...rest } = laravel
    expect(readPayload(JSON.stringify(rest)).displayName).toBe('App\\Jobs\\RetryUntilJob')
    expect(readPayload('{"job":"SendMail@handle","data":[]}')).toMatchObject({
      displayName: 'SendMail@handle',
      uuid: null,
    })
    expect(readPayload('{"job":"faena@a"}')).toMatchObject({ displayName: 'a', name: 'a' })
  })

  test('may hold numbers as texts and members that make no sense', () => {
    const read = readPayload(
      JSON.stringify({
        job: 'faena@a',
        uuid: 7,
        maxTries: '5',
        timeout: '',
        retryUntil: 'soon',
        maxExceptions: -1,
        failOnTimeout: 'yes',
        backoff: 'x',
        faena: { timeoutMs: 'x', backoff: { base: 'x' } },
      }),
    )
    expect(read).toMatchObject({
      uuid: null,
      maxTries: 5,
      timeoutMs: null,
      retryUntil: null,
      maxExceptions: null,
      failOnTimeout: false,
      backoff: null,
    })
    expect(readPayload('{"job":"faena@a","faena":[1]}').faena).toEqual({})
  })

  test.each(['', 'not json', '{"job":', '[]', '7', 'null', '{}', '{"job":""}', '{"job":7}', '{"job":null}'])(
    '%j is corrupt',
    (text) => {
      expect(() => readPayload(text)).toThrow(expect.objectContaining({ code: 'CORRUPT_PAYLOAD' }))
      expect(tryReadPayload(text)).toBeUndefined()
    },
  )

  test('no JSON at all makes the reader throw anything but CORRUPT_PAYLOAD', () => {
    const anyPayload = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({ job: fc.constantFrom('faena@a', 'X@y') })
        .chain((base) =>
          fc
            .dictionary(
              fc.constantFrom(
                'uuid',
                'displayName',
                'maxTries',
                'backoff',
                'timeout',
                'retryUntil',
                'data',
                'faena',
                'attempts',
              ),
              fc.jsonValue(),
            )
            .map((rest) => JSON.stringify({ ...rest, ...base })),
        ),
    )
    fc.assert(
      fc.property(anyPayload, (text) => {
        const read = tryReadPayload(text)
        if (read !== undefined) expect(typeof read.displayName).toBe('string')
        const given = withUuid(text, UUID)
        expect(given === text || uuidOf(given) === UUID).toBe(true)
        expect(typeof retriedPayload(text, NOW)).toBe('string')
      }),
    )
  })
})

describe('a uuid for a row without one', () => {
  test('stands first and leaves the rest as it is', () => {
    expect(withUuid('{"job":"X@y","data":[1]}', UUID)).toBe(`{"uuid":"${UUID}","job":"X@y","data":[1]}`)
    expect(withUuid('{"job":"X@y","uuid":""}', UUID)).toBe(`{"uuid":"${UUID}","job":"X@y"}`)
    expect(withUuid('{"job":"X@y","uuid":"mine"}', UUID)).toBe('{"job":"X@y","uuid":"mine"}')
  })

  test('is not put into a text that is no JSON object, which stays what it is', () => {
    for (const text of ['not \u0000 json', '[1]', '"x"', '']) expect(withUuid(text, UUID)).toBe(text)
    expect(withUuid('{}', UUID)).toBe(`{"uuid":"${UUID}"}`)
  })
})

describe('a payload on its way back from failed_jobs', () => {
  const now = 2_000_000_000_000

  test('is kept byte for byte', () => {
    for (const text of [
      '{ "job": "a\\/b" }',
      'not json',
      '{"job":"a","retryUntil":2000000001}',
      '{"job":"a","retryUntil":null}',
    ]) {
      expect(retriedPayload(text, now)).toBe(text)
    }
  })

  test('gets as much time again as it once had, where its time is over', () => {
    const text = JSON.stringify({ job: 'a', retryUntil: 1_000_600, createdAt: 1_000_000, data: { keep: 'é' } })
    expect(JSON.parse(retriedPayload(text, now))).toEqual({
      job: 'a',
      retryUntil: 2_000_000_600,
      createdAt: 1_000_000,
      data: { keep: 'é' },
    })
    expect(JSON.parse(retriedPayload('{"job":"a","retryUntil":5}', now)).retryUntil).toBe(2_000_000_060)
  })

  test('has that time changed in its text and nothing else: no number loses digits, no letter its way of being written', () => {
    const text = '{ "job": "a\\/b", "data": {"id": 9223372036854775807, "x": 1.0, "retryUntil": 5}, "retryUntil": 5 }'
    const moved = text.replace('"retryUntil": 5 }', '"retryUntil": 2000000060 }')
    expect(retriedPayload(text, now)).toBe(moved)
    expect(retriedPayload(text.replace('{ ', '{ "attempts": 4, '), now)).toBe(moved.replace('{ ', '{ "attempts": 0, '))
  })

  test('begins with attempts 0 where it counts them itself', () => {
    expect(JSON.parse(retriedPayload('{"job":"a","attempts":3}', now))).toEqual({ job: 'a', attempts: 0 })
  })
})

test('an excerpt is short and on one line', () => {
  expect(excerpt('a\nb')).toBe('"a\\nb"')
  expect(excerpt('x'.repeat(100))).toBe(`"${'x'.repeat(80)}"…`)
})
