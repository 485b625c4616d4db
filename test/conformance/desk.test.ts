import { describe, expect, test } from 'vitest'
import type { NewAudit, NewOperation, Store } from '../../src/store.ts'
import { eachStore } from '../support/suite.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const KEEP = { runsMs: DAY, metricsMs: DAY }

function operation(wish: Partial<NewOperation> = {}): NewOperation {
  return { kind: 'retry', filter: '{"queue":"ñ"}', upTo: 900, total: 5, ratePerSecond: null, subject: 'ana', ...wish }
}

function entry(wish: Partial<NewAudit> = {}): NewAudit {
  return {
    subject: 'ana',
    role: 'operator',
    action: 'failed.retry',
    target: 'failed:45',
    outcome: 'done',
    source: '127.0.0.1',
    requestId: 'r-1',
    detail: '{"queue":"netsuite"}',
    ...wish,
  }
}

eachStore('desk', (open) => {
  describe('operations', () => {
    test('are kept as they were asked for, newest first', async () => {
      await using given = await open()
      const { store } = given
      const first = await store.createOperation(operation())
      const second = await store.createOperation(operation({ kind: 'forget', ratePerSecond: 2.5, total: null }))

      expect(await store.operation(first)).toEqual({
        ...operation(),
        ...{ id: first, state: 'pending', after: 0, changed: 0, skipped: 0, error: null, fence: 0 },
        ...{ createdAt: given.clock.now(), startedAt: null, endedAt: null, leaseUntil: null },
      })
      expect((await store.operations({}, { limit: 10 })).rows.map(({ id }) => id)).toEqual([second, first])
      expect((await store.operations({ state: 'pending' }, { limit: 1 })).next).not.toBeNull()
      expect(await store.operation(second)).toMatchObject({ kind: 'forget', ratePerSecond: 2.5, total: null })
      expect(await store.operation(99)).toBeUndefined()
    })

    test('are carried on by one of many who ask, and by another only once the lease has ended', async () => {
      await using given = await open()
      const id = await given.store.createOperation(operation())
      const others = await Promise.all([given.second(), given.second(), given.second()])
      const take = (store: Store, at: number) => store.takeOperation(`process ${at}`, 10_000)

      const taken = await Promise.all([given.store, ...others].map(take))
      expect(taken.filter((one) => one !== undefined)).toEqual([
        expect.objectContaining({ id, state: 'running', fence: 1 }),
      ])
      given.clock.advance(9_999)
      expect(await take(given.store, 1)).toBeUndefined()
      given.clock.advance(1)

      expect(await take(given.store, 2)).toMatchObject({ id, fence: 2, startedAt: expect.any(Number) })
    })

    test('may be held by whoever makes them from the start, and are taken by another once that lease has ended', async () => {
      await using given = await open()
      const { store } = given
      const id = await store.createOperation(operation(), { owner: 'one', leaseMs: 10_000 })
      const now = given.clock.now()

      expect(await store.operation(id)).toMatchObject({ state: 'running', fence: 1, startedAt: now, createdAt: now })
      expect(await store.takeOperation('two', 10_000)).toBeUndefined()
      expect(await store.reportOperation(id, 1, { after: 5, changed: 5, skipped: 0 }, 10_000)).toBe(true)
      given.clock.advance(10_000)

      expect(await store.takeOperation('two', 10_000)).toMatchObject({ id, fence: 2, after: 5, changed: 5 })
    })

    test('take reports of their holder only; who lost one is told', async () => {
      await using given = await open()
      const { store } = given
      const id = await store.createOperation(operation())
      const first = (await store.takeOperation('one', 10_000))!
      expect(await store.reportOperation(id, first.fence, { after: 10, changed: 7, skipped: 3 }, 10_000)).toBe(true)
      given.clock.advance(10_000)
      const second = (await store.takeOperation('two', 10_000, id))!
      expect(second).toMatchObject({ after: 10, changed: 7, skipped: 3 })

      expect(await store.reportOperation(id, first.fence, { after: 20, changed: 17, skipped: 3 }, 10_000)).toBe(false)
      expect(await store.endOperation(id, { state: 'done', fence: first.fence })).toBe(false)
      expect(await store.reportOperation(id, second.fence, { after: 30, changed: 27, skipped: 3 }, 10_000)).toBe(true)
      expect(await store.endOperation(id, { state: 'done', fence: second.fence })).toBe(true)

      expect(await store.operation(id)).toMatchObject({
        state: 'done',
        after: 30,
        changed: 27,
        endedAt: given.clock.now(),
      })
    })

    test('end once, also by somebody who does not hold them', async () => {
      await using given = await open()
      const { store } = given
      const id = await store.createOperation(operation())
      await store.takeOperation('one', 10_000)

      expect(await store.endOperation(id, { state: 'cancelled' })).toBe(true)
      expect(await store.endOperation(id, { state: 'failed', error: 'late' })).toBe(false)
      given.clock.advance(MINUTE)
      expect(await store.takeOperation('two', 10_000)).toBeUndefined()
      expect(await store.operation(id)).toMatchObject({ state: 'cancelled', error: null, after: 0 })
    })

    test('that are cancelled say what came of the chunk that was under way', async () => {
      await using given = await open()
      const { store } = given
      const id = await store.createOperation(operation())
      const { fence } = (await store.takeOperation('one', 10_000))!
      await store.endOperation(id, { state: 'cancelled' })
      const endedAt = given.clock.now()
      given.clock.advance(MINUTE)

      expect(await store.reportOperation(id, fence - 1, { after: 9, changed: 9, skipped: 9 }, 10_000)).toBe(false)
      expect(await store.operation(id)).toMatchObject({ after: 0, changed: 0 })
      expect(await store.reportOperation(id, fence, { after: 5, changed: 4, skipped: 1 }, 10_000)).toBe(false)
      const told = { state: 'cancelled', after: 5, changed: 4, skipped: 1, endedAt, leaseUntil: null }
      expect(await store.operation(id)).toMatchObject(told)
    })
  })

  describe('audit', () => {
    test('keeps who did what, when and from where, newest first', async () => {
      await using given = await open()
      const { store } = given
      await store.appendAudit([
        entry(),
        entry({ target: 'job:7', action: 'job.delete', outcome: 'refused', role: null }),
      ])
      const first = given.clock.now()
      given.clock.advance(MINUTE)
      await store.appendAudit([entry({ subject: 'luis', target: null, detail: null, source: null, requestId: null })])

      const { rows } = await store.audit({}, { limit: 10 })

      expect(rows.map(({ id, at, ...rest }) => rest)).toEqual([
        entry({ subject: 'luis', target: null, detail: null, source: null, requestId: null }),
        entry({ target: 'job:7', action: 'job.delete', outcome: 'refused', role: null }),
        entry(),
      ])
      expect(rows.map(({ at }) => at)).toEqual([first + MINUTE, first, first])
    })

    test('has an entry before what it tells of is done, and learns once what came of it', async () => {
      await using given = await open()
      const { store } = given
      const { outcome: _outcome, detail: _detail, ...begun } = entry()
      const first = await store.beginAudit(begun)
      const second = await store.beginAudit({ ...begun, subject: 'luis' })
      expect(second).toBeGreaterThan(first)
      await store.endAudit(first, { outcome: 'done', detail: '{"count":2}' })
      await store.endAudit(first, { outcome: 'failed', detail: null })

      const { rows } = await store.audit({}, { limit: 10 })

      const at = given.clock.now()
      expect(rows).toEqual([
        { ...entry({ subject: 'luis', outcome: 'begun', detail: null }), id: second, at },
        { ...entry({ outcome: 'done', detail: '{"count":2}' }), id: first, at },
      ])
    })

    test('is found by subject, action, target and time, page by page', async () => {
      await using given = await open()
      const { store } = given
      const began = given.clock.now()
      await store.appendAudit(Array.from({ length: 5 }, (_, at) => entry({ target: `failed:${at}` })))
      given.clock.advance(MINUTE)
      await store.appendAudit([entry({ subject: 'luis', action: 'failed.delete', target: 'failed:3' })])
      const found = async (filter: Parameters<Store['audit']>[0]) =>
        (await store.audit(filter, { limit: 100 })).rows.map(({ target }) => target)

      expect(await found({ subject: 'luis' })).toEqual(['failed:3'])
      expect(await found({ target: 'failed:3' })).toEqual(['failed:3', 'failed:3'])
      expect(await found({ target: 'failed:3', action: 'failed.retry' })).toEqual(['failed:3'])
      expect(await found({ from: began + 1 })).toEqual(['failed:3'])
      expect(await found({ to: began + 1 })).toHaveLength(5)
      const first = await store.audit({}, { limit: 4 })
      const second = await store.audit({}, { limit: 4, cursor: first.next! })
      const ids = [...first.rows, ...second.rows].map(({ id }) => id)
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => b - a))
      expect(ids).toHaveLength(6)
      expect(second.next).toBeNull()
    })
  })

  describe('accounts', () => {
    test('of users are made, altered and removed, with their sessions', async () => {
      await using given = await open()
      const { store } = given
      const now = given.clock.now()
      await store.saveUser({ name: 'ana', password: 'scrypt$1', role: 'admin' })
      await store.saveUser({ name: 'ana', password: 'scrypt$2', role: 'viewer' })
      await store.saveUser({ name: 'Ana', password: 'scrypt$3', role: 'viewer' })
      const session = { id: 'h1', subject: 'ana', role: 'viewer', createdAt: now, expiresAt: now + MINUTE }
      await store.saveSession(session)

      expect(await store.user('ana')).toEqual({ name: 'ana', password: 'scrypt$2', role: 'viewer', createdAt: now })
      expect((await store.users()).map(({ name }) => name)).toEqual(['Ana', 'ana'])
      expect(await store.session('h1')).toEqual(session)
      expect(await store.removeUser('ana')).toBe(true)
      expect(await store.removeUser('ana')).toBe(false)
      expect(await store.user('ana')).toBeUndefined()
      expect(await store.session('h1')).toBeUndefined()
    })

    test('sessions end by themselves, one by one, or all of a subject at once', async () => {
      await using given = await open()
      const { store } = given
      const now = given.clock.now()
      for (const id of ['a', 'b', 'c', 'd']) {
        const expiresAt = now + (id === 'd' ? 1_000 : MINUTE)
        await store.saveSession({ id, subject: id === 'c' ? 'luis' : 'ana', role: 'viewer', createdAt: now, expiresAt })
      }
      given.clock.advance(1_000)
      expect(await store.session('d')).toBeUndefined()

      expect(await store.removeSessions({ id: 'a' })).toBe(1)
      expect(await store.removeSessions({ subject: 'ana' })).toBe(2)
      expect(await store.session('c')).toMatchObject({ subject: 'luis' })
    })

    test('revocations are listed until the token would have ended by itself', async () => {
      await using given = await open()
      const expiresAt = given.clock.now() + MINUTE
      await given.store.revoke({ id: 'jti-1', expiresAt })
      await given.store.revoke({ id: 'jti-1', expiresAt })

      expect(await given.store.revocations()).toEqual([{ id: 'jti-1', expiresAt }])
      given.clock.advance(MINUTE)
      expect(await given.store.revocations()).toEqual([])
    })
  })

  test('of two ends of one revocation the later counts, whichever is told first', async () => {
    await using given = await open()
    const { store } = given
    const soon = given.clock.now() + MINUTE
    const forGood = Date.UTC(9999, 11, 31)
    for (const [id, ends] of Object.entries({ longer: [soon, forGood], shorter: [forGood, soon] }))
      for (const expiresAt of ends) await store.revoke({ id, expiresAt })
    given.clock.advance(MINUTE)
    const kept = (await store.revocations()).map(({ id, expiresAt }) => [id, expiresAt])
    expect(kept.sort()).toEqual([
      ['longer', forGood],
      ['shorter', forGood],
    ])
  })

  describe('idempotency keys', () => {
    test('are taken by one of many, and give the answer from then on', async () => {
      await using given = await open()
      const others = await Promise.all([given.second(), given.second()])
      const take = (store: Store) => store.takeIdempotencyKey('ana k1', 'hash 1', MINUTE)

      const answers = await Promise.all([given.store, ...others].map(take))
      expect(answers.filter((answer) => answer === 'taken')).toHaveLength(1)
      expect(answers.filter((answer) => answer !== 'taken')).toEqual([
        { request: 'hash 1', answer: null },
        { request: 'hash 1', answer: null },
      ])
      await given.store.saveIdempotencyAnswer('ana k1', 'hash 1', '{"status":202}', MINUTE)
      await given.store.saveIdempotencyAnswer('ana k1', 'hash 1', null, MINUTE)

      expect(await given.store.takeIdempotencyKey('ana k1', 'hash 2', MINUTE)).toEqual({
        request: 'hash 1',
        answer: '{"status":202}',
      })
    })

    test('are free again when nothing was done, and when their time has passed', async () => {
      await using given = await open()
      const take = () => given.store.takeIdempotencyKey('k', 'hash', MINUTE)
      expect(await take()).toBe('taken')
      await given.store.saveIdempotencyAnswer('k', 'hash', null, DAY)
      expect(await take()).toBe('taken')
      await given.store.saveIdempotencyAnswer('k', 'hash', 'x', DAY)
      given.clock.advance(DAY - 1)
      expect(await take()).toMatchObject({ answer: 'x' })
      given.clock.advance(1)

      expect(await take()).toBe('taken')
    })

    test('stay taken as long as whoever has them says so, and are free when he has fallen silent', async () => {
      await using given = await open()
      const take = () => given.store.takeIdempotencyKey('k', 'hash', MINUTE)
      expect(await take()).toBe('taken')
      given.clock.advance(MINUTE - 1)
      await given.store.holdIdempotencyKey('k', 'hash', MINUTE)
      given.clock.advance(MINUTE - 1)
      expect(await take()).toEqual({ request: 'hash', answer: null })
      given.clock.advance(1)

      expect(await take()).toBe('taken')
    })

    test('are never held, answered or freed by one who lost them to another', async () => {
      await using given = await open()
      const { store, clock } = given
      const take = (request: string) => store.takeIdempotencyKey('k', request, MINUTE)
      expect(await take('of one')).toBe('taken')
      clock.advance(MINUTE)
      expect(await take('of another')).toBe('taken')

      await store.saveIdempotencyAnswer('k', 'of one', null, DAY)
      await store.saveIdempotencyAnswer('k', 'of one', 'late', DAY)
      expect(await take('of a third')).toEqual({ request: 'of another', answer: null })
      await store.holdIdempotencyKey('k', 'of one', DAY)
      clock.advance(MINUTE)

      expect(await take('of a third')).toBe('taken')
      await store.saveIdempotencyAnswer('k', 'of a third', 'done', DAY)
      expect(await take('of a fourth')).toEqual({ request: 'of a third', answer: 'done' })
    })
  })

  test('prune takes away what is past its time, and no user, open operation or young entry', async () => {
    await using given = await open()
    const { store } = given
    const now = given.clock.now()
    await store.saveUser({ name: 'ana', password: 'x', role: 'admin' })
    await store.appendAudit([entry()])
    const ended = await store.createOperation(operation())
    await store.endOperation(ended, { state: 'done' })
    const running = await store.createOperation(operation())
    await store.saveSession({ id: 's', subject: 'ana', role: 'admin', createdAt: now, expiresAt: now + DAY })
    await store.revoke({ id: 'jti', expiresAt: now + DAY })
    await store.takeIdempotencyKey('k', 'hash', DAY)
    given.clock.advance(40 * DAY)
    await store.appendAudit([entry({ subject: 'young' })])

    expect(await store.prune({ ...KEEP, auditMs: 30 * DAY }, 1_000)).toBe(5)

    expect((await store.audit({}, { limit: 10 })).rows.map(({ subject }) => subject)).toEqual(['young'])
    expect((await store.operations({}, { limit: 10 })).rows.map(({ id }) => id)).toEqual([running])
    expect(await store.users()).toHaveLength(1)
  })
})
