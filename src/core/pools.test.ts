import { describe, expect, test } from 'vitest'
import type { FaenaConfig } from './config.ts'
import { isFaenaError } from './errors.ts'
import { settingsFrom } from './settings.ts'

function pools(given: FaenaConfig['pools'], more: FaenaConfig = {}) {
  return settingsFrom({}, { ...more, pools: given }).pools
}

function refusal(given: unknown, more: FaenaConfig = {}): string {
  try {
    pools(given as FaenaConfig['pools'], more)
  } catch (error) {
    if (isFaenaError(error, 'BAD_CONFIGURATION')) return error.message
    throw error
  }
  return 'nothing was refused'
}

describe('pools', () => {
  test('inherit queues and concurrency of the configuration, and leave the rest to the worker', () => {
    const [pool] = pools({ 'arconte-worker': { processes: 2 } }, { queues: 'high,default', concurrency: 4 })
    expect(pool).toMatchObject({ name: 'arconte-worker', queues: ['high', 'default'], min: 2, max: 2, concurrency: 4 })
    expect(pool).toMatchObject({ balance: 'off', memoryMb: 0, tries: undefined, timeoutMs: undefined })
  })

  test('take a number of processes, or from how many to how many', () => {
    expect(pools({ a: { queues: 'q', processes: { min: 2, max: 5 } } })[0]).toMatchObject({ min: 2, max: 5 })
    expect(pools({ a: { queues: 'p,q', processes: 6, balance: 'auto' } })[0]).toMatchObject({ min: 1, max: 6 })
    expect(pools({ a: { queues: 'p,q', processes: 3, balance: 'simple' } })[0]).toMatchObject({ min: 3, max: 3 })
  })

  test('read their times as durations', () => {
    const [pool] = pools({ a: { timeout: '2m', grace: '30s', maxAge: '1h', backoff: ['10s', '1m'] } })
    expect(pool).toMatchObject({ timeoutMs: 120_000, graceMs: 30_000, maxAgeMs: 3_600_000, backoff: [10_000, 60_000] })
  })

  const faults: [given: unknown, says: string][] = [
    [[], 'pools of faena.config.ts is []; allowed: an object of pools by name'],
    [{}, 'pools of faena.config.ts is {}; allowed: at least one pool'],
    [{ 'a b': {} }, 'a pool of pools of faena.config.ts is "a b"; allowed: letters, digits'],
    [{ a: 3 }, 'pool a of pools of faena.config.ts is 3; allowed: an object of queues, processes'],
    [
      { a: { proceses: 2 } },
      'a setting of pool a of pools of faena.config.ts is "proceses"; allowed: queues, processes',
    ],
    [
      { a: { processes: 0 } },
      'processes of pool a of pools of faena.config.ts is 0; allowed: a whole number from 1 to 1000',
    ],
    [
      { a: { processes: '2' } },
      'processes of pool a of pools of faena.config.ts is "2"; allowed: a whole number, or { min, max }',
    ],
    [
      { a: { processes: { min: 3, max: 2 } } },
      'max in processes of pool a of pools of faena.config.ts is 2; allowed: a whole number from 3',
    ],
    [{ a: { balance: 'fair' } }, 'balance of pool a of pools of faena.config.ts is "fair"; allowed: off, simple, auto'],
    [
      { a: { grace: '5 minutes' } },
      'grace of pool a of pools of faena.config.ts is "5 minutes"; allowed: milliseconds',
    ],
    [{ a: { cooldown: '1ms' } }, 'cooldown of pool a of pools of faena.config.ts is "1ms"; allowed: 100 ms to 3600 s'],
    [
      { a: { processes: { min: 1, max: 3 } } },
      'queues of pool a of pools of faena.config.ts is undefined; allowed: the names of the queues',
    ],
    [
      { a: { queues: 'p,q,r', balance: 'simple', processes: 2 } },
      'processes of pool a of pools of faena.config.ts is 2; allowed: at least 3: it serves 3 queues, 1 for each',
    ],
    [
      { a: { queues: 'p,q', balance: 'auto', processes: { min: 2, max: 3 } } },
      'processes of pool a of pools of faena.config.ts is 3; allowed: at least 4: it serves 2 queues, 2 for each',
    ],
    [
      { a: { queues: 'p', balance: 'simple', processes: { min: 1, max: 3 } } },
      "allowed: a number with balance 'simple'",
    ],
  ]
  test.each(faults)('%j is refused, with what is allowed', (given, says) => {
    expect(refusal(given)).toContain(says)
  })
})
