import { describe, expect, test } from 'vitest'
import { exceptionText, fingerprint, headline, portable, revive } from './exception.ts'

/** An error with a stack that does not depend on where this file lies. */
function error(message: string, options: { name?: string; cause?: unknown; frames?: string[] } = {}): Error {
  const { name = 'Error', cause, frames = ['run (/app/jobs.js:12:7)'] } = options
  const made = new Error(message, cause === undefined ? undefined : { cause })
  made.name = name
  made.stack = [`${name}: ${message}`, ...frames.map((frame) => `    at ${frame}`)].join('\n')
  return made
}

describe('the text of failed_jobs.exception', () => {
  test('is in the form PHP writes: class, message and place, then numbered frames', () => {
    const frames = [
      'Sync.run (file:///app/sync.js:12:7)',
      'async file:///app/worker.js:80:3',
      'new Order (/app/order.js:1:1)',
    ]
    expect(exceptionText(error('order is locked', { name: 'SyncError', frames }))).toBe(
      'SyncError: order is locked in /app/sync.js:12\n' +
        'Stack trace:\n' +
        '#0 /app/sync.js(12): Sync.run()\n' +
        '#1 /app/worker.js(80): {anonymous}()\n' +
        '#2 /app/order.js(1): new Order()\n' +
        '#3 {main}',
    )
  })

  test('holds causes before what they caused, as PHP does, and its headline is what was thrown', () => {
    const text = exceptionText(error('sync failed', { cause: error('gone away', { cause: error('ECONNRESET') }) }))
    expect(text.split('\n\n').map((block) => block.split('\n')[0])).toEqual([
      'Error: ECONNRESET in /app/jobs.js:12',
      'Next Error: gone away in /app/jobs.js:12',
      'Next Error: sync failed in /app/jobs.js:12',
    ])
    expect(headline(text)).toBe('Error: sync failed in /app/jobs.js:12')
  })

  test('names the code of an error that has one, and the errors of an AggregateError', () => {
    const refused = Object.assign(error('connect'), { code: 'ECONNREFUSED' })
    expect(headline(exceptionText(refused))).toBe('Error [ECONNREFUSED]: connect in /app/jobs.js:12')
    const all = new AggregateError([error('first'), error('second')], 'all failed')
    all.stack = ''
    expect(exceptionText(all)).toMatch(
      /^Error: first[\s\S]*Next Error: second[\s\S]*Next AggregateError: all failed\nStack/,
    )
  })

  test('keeps the error that was thrown when long causes must be cut', () => {
    const text = exceptionText(error('sync failed', { cause: error('x'.repeat(200_000)) }))
    expect(text.length).toBeLessThan(70_000)
    expect(headline(text)).toBe('Error: sync failed in /app/jobs.js:12')
    expect(text).toContain('… (cut)')
  })

  test.each([
    ['a text', 'Error: a text'],
    [undefined, 'Error: undefined'],
    [null, 'Error: null'],
    [{ status: 500 }, 'Error: {"status":500}'],
    [Symbol('s'), 'Error: Symbol(s)'],
  ])('is made of whatever was thrown (%s)', (thrown, expected) => {
    expect(headline(exceptionText(thrown))).toBe(expected)
  })

  test('is made of errors that are broken themselves', () => {
    const ring = error('ring')
    ring.cause = ring
    expect(headline(exceptionText(ring))).toMatch(/^Error: ring/)
    const odd = Object.assign(new Error('odd'), { name: 42, stack: [{ file: 'a.js' }] })
    expect(headline(exceptionText(odd))).toBe('42: odd')
    const hostile = Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('no')
      },
    })
    expect(exceptionText(hostile)).toMatch(/^Error: something was thrown that cannot be read/)
    expect(exceptionText(Object.create(null))).toMatch(/^Error: \{\}/)
  })

  test('is made of a message of megabytes that begins like a frame, without hanging', () => {
    expect(exceptionText(new Error(`\n    at ${'a ('.repeat(1_000_000)}`))).toContain('… (cut)')
  })
})

describe('headline', () => {
  test('of a chain that Laravel wrote is the first line of its last block', () => {
    const text =
      'JsonException: Syntax error in /app/app/Jobs/NestedExceptionJob.php:29\nStack trace:\n#0 {main}\n\n' +
      'Next RuntimeException: Could not decode in /app/app/Jobs/NestedExceptionJob.php:31\nStack trace:\n#0 {main}\n'
    expect(headline(text)).toBe('RuntimeException: Could not decode in /app/app/Jobs/NestedExceptionJob.php:31')
  })

  test('of a text without any line feed is all of it, and of none nothing', () => {
    expect(headline('killed')).toBe('killed')
    expect(headline('')).toBe('')
  })
})

describe('fingerprint', () => {
  const same = (one: string, other: string) => fingerprint('a', one) === fingerprint('a', other)

  test.each([
    ['Error: order 803193 is locked in /app/a.js:12', 'Error: order 803196 is locked in /srv/b.js:99'],
    ['Error: no case 019b76da-a800-7000-8000-000000000001', 'Error: no case 019b76da-a800-7000-8000-00000000000f'],
    ["PDOException: Duplicate entry 'ana' for key 'users'", "PDOException: Duplicate entry 'luis' for key 'users'"],
    ['Error: at 0xdeadbeef', 'Error: at 0xcafe01'],
    ['Error: token a1b2c3 was refused', 'Error: token 99ff00 was refused'],
  ])('is the same for %j and %j', (one, other) => {
    expect(same(one, other)).toBe(true)
  })

  test.each([
    ['Error: order is locked', 'Error: order is gone'],
    ['Error: gone away', 'TypeError: gone away'],
  ])('differs between %j and %j', (one, other) => {
    expect(same(one, other)).toBe(false)
  })

  test('differs between jobs, and is sixteen hexadecimal digits', () => {
    expect(fingerprint('a', 'Error: x')).not.toBe(fingerprint('b', 'Error: x'))
    expect(fingerprint('a', 'Error: x')).toMatch(/^[0-9a-f]{16}$/)
  })

  test('is made of a first line of megabytes without hanging', () => {
    expect(fingerprint('a', `Error: ${'a1"'.repeat(1_000_000)}`)).toMatch(/^[0-9a-f]{16}$/)
  })
})

test('an error comes through JSON with its name, stack and causes', () => {
  const sent = JSON.parse(
    JSON.stringify(portable(error('sync failed', { name: 'SyncError', cause: error('gone away') }))),
  )
  const revived = revive(sent)
  expect(revived).toBeInstanceOf(Error)
  expect(revived).toMatchObject({ name: 'SyncError', message: 'sync failed', cause: { message: 'gone away' } })
  expect(exceptionText(revived)).toBe(
    exceptionText(error('sync failed', { name: 'SyncError', cause: error('gone away') })),
  )
  expect(revive(JSON.parse(JSON.stringify(portable('a text'))))).toMatchObject({ name: 'Error', message: 'a text' })
})
