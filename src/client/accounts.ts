import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { ROLES, type Role } from '../core/config.ts'
import { FaenaError, notAllowed } from '../core/errors.ts'
import { hashPassword, isPassword } from '../core/password.ts'
import type { IdempotencyEntry, Store } from '../store.ts'

export interface UserView {
  name: string
  role: Role
  createdAt: number
}

export interface SessionView {
  subject: string
  role: Role
  /** Unix ms. */
  expiresAt: number
}

/** Who may use the panel, from where he is known to be logged in, and which tokens count no more. */
export interface Accounts {
  users(): Promise<UserView[]>
  /** Makes a user, or gives one that is there another password and role. Whoever was logged in as him is no more. */
  saveUser(user: { name: string; password: string; role: Role }): Promise<UserView>
  /** Throws NOT_FOUND. */
  removeUser(name: string): Promise<void>
  /** The user of this name and password. It takes as long for a name that nobody has. */
  login(name: string, password: string): Promise<UserView | undefined>
  /** Answers what the browser is to hold; the store knows a hash of it only. */
  openSession(session: {
    subject: string
    role: Role
    forMs: number
  }): Promise<{ secret: string; session: SessionView }>
  session(secret: string): Promise<SessionView | undefined>
  closeSession(secret: string): Promise<void>
  /** The token of this `jti` counts no more, here at once and elsewhere within five seconds. `expiresAt`: unix ms, when it ends by itself. */
  revoke(id: string, expiresAt: number): Promise<void>
  isRevoked(id: string): Promise<boolean>
  /** Whether what works once is used for the first time within a day: of many at the same moment one is told so. */
  useOnce(id: string): Promise<boolean>
  /**
   * For requests that carry an Idempotency-Key: who is given `keep` does it, calls `hold` every twenty seconds meanwhile and
   * then `keep`. Else somebody has; `answer` null: he is still at it. The key of one who falls silent is free after a minute.
   * `request`: a hash of what is asked, to find out that a key is used for two things.
   */
  takeKey(key: string, request: string): Promise<IdempotencyEntry | HeldKey>
}

/** Once somebody else has taken the key, neither changes anything. */
export interface HeldKey {
  hold(): Promise<void>
  /** Null where nothing was done: the key is free again. */
  keep(answer: string | null): Promise<void>
}

const SHORTEST_PASSWORD = 10
const LONGEST_PASSWORD = 1_000
const REVOCATIONS_FOR_MS = 5_000
const ANSWERS_FOR_MS = 24 * 60 * 60 * 1_000
const KEY_LEASE_MS = 60_000
const USED_FOR_MS = 24 * 60 * 60 * 1_000

export function accountsOf(store: Store): Accounts {
  let revoked: { ids: Promise<Set<string>>; at: number } | undefined
  let nobody: Promise<string> | undefined
  return {
    users: async () => (await store.users()).map(userView),

    async saveUser({ name, password, role }) {
      checkUser(name, password, role)
      await store.saveUser({ name, password: await hashPassword(password), role })
      await store.removeSessions({ subject: name })
      return userView((await store.user(name))!)
    },

    async removeUser(name) {
      if (!(await store.removeUser(name))) throw new FaenaError('NOT_FOUND', `There is no user ${name}`)
    },

    async login(name, password) {
      if (typeof password !== 'string' || password.length > LONGEST_PASSWORD) return undefined
      const user = typeof name === 'string' ? await store.user(name) : undefined
      nobody ??= hashPassword(randomBytes(16).toString('hex'))
      const fits = await isPassword(password, user?.password ?? (await nobody))
      return user && fits ? userView(user) : undefined
    },

    async openSession({ subject, role, forMs }) {
      const secret = randomBytes(32).toString('base64url')
      const { now } = await store.ping()
      const session = { subject, role, expiresAt: now + forMs }
      await store.saveSession({ ...session, id: hashOf(secret), createdAt: now })
      return { secret, session }
    },

    async session(secret) {
      const found = await store.session(hashOf(secret))
      return found && { subject: found.subject, role: roleOf(found.role), expiresAt: found.expiresAt }
    },

    closeSession: async (secret) => void (await store.removeSessions({ id: hashOf(secret) })),

    async revoke(id, expiresAt) {
      await store.revoke({ id: revocationOf(id), expiresAt })
      revoked = undefined
    },

    async isRevoked(id) {
      if (revoked === undefined || performance.now() - revoked.at > REVOCATIONS_FOR_MS) {
        const ids = store.revocations().then((all) => new Set(all.map((one) => one.id)))
        revoked = { ids, at: performance.now() }
        // Whoever asks next is not given this failure again.
        ids.catch(() => {
          revoked = undefined
        })
      }
      return (await revoked.ids).has(revocationOf(id))
    },

    // For all of the day at once: no second step that could fail stands between its use and the end of it.
    useOnce: async (id) => (await store.takeIdempotencyKey(`once ${id}`, '', USED_FOR_MS)) === 'taken',

    async takeKey(key, request) {
      const mine = `${request} ${randomUUID()}`
      const taken = await store.takeIdempotencyKey(key, mine, KEY_LEASE_MS)
      if (taken !== 'taken') return { request: taken.request.split(' ')[0]!, answer: taken.answer }
      return {
        hold: () => store.holdIdempotencyKey(key, mine, KEY_LEASE_MS),
        keep: (answer) => store.saveIdempotencyAnswer(key, mine, answer, ANSWERS_FOR_MS),
      }
    },
  }
}

function checkUser(name: unknown, password: unknown, role: unknown): void {
  if (typeof name !== 'string' || !/^[\p{L}\p{N}._@+-]{1,100}$/u.test(name)) {
    throw notAllowed('BAD_ARGUMENT', 'name', name, 'letters, digits and . _ @ + -, at most 100')
  }
  if (typeof password !== 'string' || password.length < SHORTEST_PASSWORD || password.length > LONGEST_PASSWORD) {
    const length = typeof password === 'string' ? password.length : 0
    const allowed = `${SHORTEST_PASSWORD} to ${LONGEST_PASSWORD} characters`
    throw new FaenaError('BAD_ARGUMENT', `password has ${length} characters; allowed: ${allowed}`, {
      issues: [{ path: 'password', message: `allowed: ${allowed}` }],
    })
  }
  if (!ROLES.includes(role as Role)) throw notAllowed('BAD_ARGUMENT', 'role', role, ROLES.join(', '))
}

function userView({ name, role, createdAt }: { name: string; role: string; createdAt: number }): UserView {
  return { name, role: roleOf(role), createdAt }
}

/** A `jti` may be any text: one that a column cuts, alters or refuses stands there by its hash. */
function revocationOf(id: string): string {
  return /^[\x21-\x7e]{1,191}$/.test(id) ? id : `sha256 ${hashOf(id)}`
}

/** What is no role of ours may see and do the least. */
function roleOf(role: string): Role {
  return ROLES.includes(role as Role) ? (role as Role) : 'viewer'
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
