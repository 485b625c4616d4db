import type {
  AccountStore,
  Alert,
  Audit,
  AuditStore,
  IdempotencyEntry,
  Operation,
  OperationStore,
  Retention,
  Revocation,
  Session,
  User,
} from '../../store.ts'
import { pageOf } from './filter.ts'

/** What the management API keeps. */
export interface DeskTables {
  readonly operations: Map<number, Operation>
  readonly audit: Map<number, Audit>
  readonly users: Map<string, User>
  readonly sessions: Map<string, Session>
  readonly revocations: Map<string, Revocation>
  readonly idempotency: Map<string, IdempotencyEntry & { expiresAt: number }>
  /** By key. */
  readonly alerts: Map<string, Alert>
  readonly watch: { owner: string | null; fence: number; leaseUntil: number; state: string | null; lastAlert: number }
}

export function emptyDesk(): DeskTables {
  return {
    operations: new Map(),
    audit: new Map(),
    users: new Map(),
    sessions: new Map(),
    revocations: new Map(),
    idempotency: new Map(),
    alerts: new Map(),
    watch: { owner: null, fence: 0, leaseUntil: 0, state: null, lastAlert: 0 },
  }
}

type Clock = () => number

const isOpen = ({ state }: Operation) => state === 'pending' || state === 'running'

export function operations({ operations: table }: DeskTables, clock: Clock): OperationStore {
  let lastId = 0
  const change = (operation: Operation, patch: Partial<Operation>) => {
    const changed = { ...operation, ...patch }
    table.set(operation.id, changed)
    return { ...changed }
  }
  return {
    createOperation: async (wanted, held) => {
      lastId += 1
      const id = lastId
      const now = clock()
      table.set(id, {
        ...wanted,
        ...{ id, after: 0, changed: 0, skipped: 0, error: null, createdAt: now, endedAt: null },
        ...(held
          ? { state: 'running', fence: 1, startedAt: now, leaseUntil: now + held.leaseMs }
          : { state: 'pending', fence: 0, startedAt: null, leaseUntil: null }),
      })
      return id
    },
    operation: async (id) => structuredClone(table.get(id)),
    operations: async ({ state }, page) =>
      structuredClone(
        pageOf(
          [...table.values()].filter((one) => state === undefined || one.state === state),
          page,
        ),
      ),
    takeOperation: async (_owner, leaseMs, id) => {
      const now = clock()
      const free = [...table.values()].find(
        (one) => isOpen(one) && (id === undefined || one.id === id) && (one.leaseUntil ?? 0) <= now,
      )
      if (free === undefined) return undefined
      return change(free, {
        state: 'running',
        fence: free.fence + 1,
        leaseUntil: now + leaseMs,
        startedAt: free.startedAt ?? now,
      })
    },
    reportOperation: async (id, fence, progress, leaseMs) => {
      const held = table.get(id)
      if (held?.fence !== fence) return false
      if (held.state === 'cancelled') change(held, progress)
      if (held.state !== 'running') return false
      change(held, { ...progress, leaseUntil: clock() + leaseMs })
      return true
    },
    endOperation: async (id, { state, error = null, fence }) => {
      const found = table.get(id)
      if (found === undefined || !isOpen(found) || (fence !== undefined && found.fence !== fence)) return false
      change(found, { state, error, endedAt: clock(), leaseUntil: null })
      return true
    },
  }
}

export function audit({ audit: table }: DeskTables, clock: Clock): AuditStore {
  let lastId = 0
  return {
    appendAudit: async (entries) => {
      for (const entry of entries) {
        lastId += 1
        table.set(lastId, { ...entry, id: lastId, at: clock() })
      }
    },
    beginAudit: async (entry) => {
      lastId += 1
      table.set(lastId, { ...entry, id: lastId, at: clock(), outcome: 'begun', detail: null })
      return lastId
    },
    endAudit: async (id, end) => {
      const begun = table.get(id)
      if (begun?.outcome === 'begun') table.set(id, { ...begun, ...end })
    },
    audit: async ({ subject, action, target, from, to }, page) => {
      const found = [...table.values()].filter(
        (one) =>
          (subject === undefined || one.subject === subject) &&
          (action === undefined || one.action === action) &&
          (target === undefined || one.target === target) &&
          (from === undefined || one.at >= from) &&
          (to === undefined || one.at < to),
      )
      return structuredClone(pageOf(found, page))
    },
  }
}

export function accounts({ users, sessions, revocations, idempotency }: DeskTables, clock: Clock): AccountStore {
  return {
    users: async () => [...users.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map((user) => ({ ...user })),
    user: async (name) => structuredClone(users.get(name)),
    saveUser: async (user) => {
      users.set(user.name, { ...user, createdAt: users.get(user.name)?.createdAt ?? clock() })
    },
    removeUser: async (name) => {
      for (const { id, subject } of sessions.values()) if (subject === name) sessions.delete(id)
      return users.delete(name)
    },
    saveSession: async (session) => {
      if (!sessions.has(session.id)) sessions.set(session.id, { ...session })
    },
    session: async (id) => {
      const found = sessions.get(id)
      return found && found.expiresAt > clock() ? { ...found } : undefined
    },
    removeSessions: async (which) => {
      const gone = [...sessions.values()].filter(({ id, subject }) =>
        'id' in which ? id === which.id : subject === which.subject,
      )
      for (const { id } of gone) sessions.delete(id)
      return gone.length
    },
    revoke: async (token) => {
      const held = revocations.get(token.id)
      if (held === undefined || held.expiresAt < token.expiresAt) revocations.set(token.id, { ...token })
    },
    revocations: async () => [...revocations.values()].filter(({ expiresAt }) => expiresAt > clock()),
    takeIdempotencyKey: async (key, request, leaseMs) => {
      const known = idempotency.get(key)
      if (known && known.expiresAt > clock()) return { request: known.request, answer: known.answer }
      idempotency.set(key, { request, answer: null, expiresAt: clock() + leaseMs })
      return 'taken'
    },
    holdIdempotencyKey: async (key, request, leaseMs) => {
      const known = idempotency.get(key)
      if (known?.request === request && known.answer === null) known.expiresAt = clock() + leaseMs
    },
    saveIdempotencyAnswer: async (key, request, answer, keepMs) => {
      const known = idempotency.get(key)
      if (known?.request !== request || known.answer !== null) return
      if (answer === null) idempotency.delete(key)
      else Object.assign(known, { answer, expiresAt: clock() + keepMs })
    },
  }
}

const DAY = 86_400_000

/** Deletions of what is past its time. */
export function deskDeletions(desk: DeskTables, keep: Retention, now: number): (() => unknown)[] {
  const past = <Key, Value>(table: Map<Key, Value>, isPast: (value: Value) => boolean) =>
    [...table]
      .filter(([, value]) => isPast(value))
      .map(
        ([key]) =>
          () =>
            table.delete(key),
      )
  return [
    ...past(desk.audit, ({ at }) => at < now - (keep.auditMs ?? 90 * DAY)),
    ...past(desk.operations, (one) => !isOpen(one) && (one.endedAt ?? now) < now - 30 * DAY),
    ...past(desk.sessions, ({ expiresAt }) => expiresAt <= now),
    ...past(desk.revocations, ({ expiresAt }) => expiresAt <= now),
    ...past(desk.idempotency, ({ expiresAt }) => expiresAt <= now),
    ...past(
      desk.alerts,
      ({ state, resolvedAt, mutedUntil }) =>
        state === 'resolved' && (resolvedAt ?? now) < now - 30 * DAY && (mutedUntil ?? 0) <= now,
    ),
  ]
}
