import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineJob } from './job.ts'
import { type Attempt, decide, FailSignal, POLICY_DEFAULTS, type Policy, policyOf, ReleaseSignal } from './outcome.ts'
import { readPayload } from './payload.ts'

const NOW = 1_767_614_400_000
const boom = new Error('boom')

function outcome(policy: Partial<Policy>, attempt: Partial<Attempt> = {}, error: unknown = boom) {
  const whole: Policy = {
    maxTries: 3,
    maxExceptions: null,
    retryUntil: null,
    failOnTimeout: false,
    timeoutMs: 60_000,
    backoff: [10_000],
    backoffFunction: null,
    ...policy,
  }
  return decide(error, { attempts: 1, timedOut: false, now: NOW, random: () => 0.5, ...attempt }, whole)
}

describe('a failed attempt', () => {
  test('is retried after its backoff as long as tries are left, then fails', () => {
    expect(outcome({}, { attempts: 1 })).toEqual({ kind: 'retry', delayMs: 10_000, error: boom })
    expect(outcome({}, { attempts: 2 })).toMatchObject({ kind: 'retry' })
    expect(outcome({}, { attempts: 3 })).toEqual({ kind: 'failed', error: boom })
    expect(outcome({ maxTries: 1 })).toMatchObject({ kind: 'failed' })
  })

  test('is retried for ever with 0 tries', () => {
    expect(outcome({ maxTries: 0 }, { attempts: 65_000 })).toMatchObject({ kind: 'retry' })
  })

  test('is retried until its time is over, whatever its tries say', () => {
    expect(outcome({ maxTries: 1, retryUntil: NOW + 1 }, { attempts: 50 })).toMatchObject({ kind: 'retry' })
    expect(outcome({ maxTries: 100, retryUntil: NOW }, { attempts: 1 })).toMatchObject({ kind: 'failed' })
  })

  test('fails after the most exceptions it may have, even where tries or time are left', () => {
    expect(outcome({ maxTries: 0, maxExceptions: 2 }, { attempts: 1 })).toMatchObject({ kind: 'retry' })
    expect(outcome({ maxTries: 0, maxExceptions: 2 }, { attempts: 2 })).toMatchObject({ kind: 'failed' })
    expect(outcome({ retryUntil: NOW + 1e6, maxExceptions: 2 }, { attempts: 2 })).toMatchObject({ kind: 'failed' })
  })

  test('fails at its first time-out only where it was asked to', () => {
    expect(outcome({ failOnTimeout: true }, { timedOut: true })).toMatchObject({ kind: 'failed' })
    expect(outcome({ failOnTimeout: true }, { timedOut: false })).toMatchObject({ kind: 'retry' })
    expect(outcome({}, { timedOut: true })).toMatchObject({ kind: 'retry' })
  })

  test('waits by its list, attempt by attempt', () => {
    const backoff = [1_000, 5_000]
    const delays = [1, 2, 3].map((attempts) => outcome({ maxTries: 9, backoff }, { attempts }))
    expect(delays).toMatchObject([{ delayMs: 1_000 }, { delayMs: 5_000 }, { delayMs: 5_000 }])
  })

  test('waits as its function says of attempt and error; a function that breaks does not fail the job', () => {
    const asked = outcome(
      { backoffFunction: (attempt, error) => (error === boom ? `${attempt}m` : 0) },
      { attempts: 2 },
    )
    expect(asked).toMatchObject({ kind: 'retry', delayMs: 120_000 })
    for (const backoffFunction of [
      () => {
        throw new Error('broken')
      },
      () => 'soon' as '1s',
      () => -1,
    ]) {
      expect(outcome({ backoffFunction })).toMatchObject({ kind: 'retry', delayMs: 10_000 })
    }
  })
})

test('release and fail end an attempt whatever its tries say', () => {
  expect(outcome({ maxTries: 1 }, { attempts: 9 }, new ReleaseSignal(5_000))).toEqual({
    kind: 'released',
    delayMs: 5_000,
  })
  const failed = outcome({ maxTries: 0 }, {}, new FailSignal('no such case'))
  expect(failed).toMatchObject({ kind: 'failed', error: { message: 'no such case' } })
  expect(outcome({}, {}, new FailSignal(boom))).toEqual({ kind: 'failed', error: boom })
})

describe('what holds for a job', () => {
  const job = defineJob({ name: 'a', input: z.unknown(), tries: 5, timeout: '10s', backoff: '1s' })
  const payload = (more: object = {}) => readPayload(JSON.stringify({ job: 'faena@a', ...more }))

  test('is what its payload says, then its definition, then the worker', () => {
    const own = payload({
      maxTries: 7,
      timeout: 20,
      backoff: '3',
      maxExceptions: 2,
      failOnTimeout: true,
      retryUntil: 99,
    })
    expect(policyOf(own, job, POLICY_DEFAULTS)).toEqual({
      maxTries: 7,
      maxExceptions: 2,
      retryUntil: 99_000,
      failOnTimeout: true,
      timeoutMs: 20_000,
      backoff: [3_000],
      backoffFunction: null,
    })
    expect(policyOf(payload(), job, POLICY_DEFAULTS)).toMatchObject({
      maxTries: 5,
      timeoutMs: 10_000,
      backoff: [1_000],
    })
    expect(policyOf(payload(), undefined, POLICY_DEFAULTS)).toMatchObject({ maxTries: 3, timeoutMs: 60_000 })
  })

  test('0 in the payload is a value: no limit of tries, no time-out', () => {
    expect(policyOf(payload({ maxTries: 0, timeout: 0 }), job, POLICY_DEFAULTS)).toMatchObject({
      maxTries: 0,
      timeoutMs: 0,
    })
  })
})
