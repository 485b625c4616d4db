import { FaenaError } from '../../core/errors.ts'
import { wallClock } from '../../core/wallclock.ts'
import type { AdminStore, JobStore, LifeStore, Store } from '../../store.ts'
import { alerting } from './alerts.ts'
import { accounts, audit, operations } from './desk.ts'
import { failedAdmin } from './failed-admin.ts'
import { deregister, fleet, heartbeat, register } from './fleet.ts'
import { jobsAdmin } from './jobs-admin.ts'
import { noTransactions, push } from './push.ts'
import { queues } from './queues.ts'
import { begin, reclaim } from './reclaim.ts'
import { records } from './records.ts'
import { reserve } from './reserve.ts'
import { schedules } from './schedules.ts'
import { settle } from './settle.ts'
import { emptyTables, type Tables } from './tables.ts'

export interface MemoryStoreOptions {
  /** Unix ms. */
  clock?: () => number
  /** The zone `failed_at` texts are in. */
  timezone?: string
  /** What failed jobs carry as their connection. */
  connection?: string
}

export interface MemoryStore extends Store {
  /** What is stored, for tests that look at rows or write foreign ones. */
  readonly tables: Tables
}

const SCHEMA_VERSION = 1

/**
 * The contract in plain JavaScript: the reference that the other stores are compared with, and a store for tests. Clients
 * of one process share the object. What it holds ends with the process.
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { clock = Date.now, timezone = 'UTC', connection = 'database' } = options
  const tables = emptyTables(clock, wallClock(timezone), connection)
  const { listen, notify, ...commands } = fleet(tables)
  const { isClosed, ...life } = lifeOf(tables)
  const calls = {
    ...hotPath(tables),
    ...admin(tables),
    ...queues(tables),
    ...schedules(tables),
    ...commands,
    ...records(tables),
    ...operations(tables.desk, clock),
    ...audit(tables.desk, clock),
    ...accounts(tables.desk, clock),
    ...alerting(tables),
  }
  return { ...life, ...guarded(calls, isClosed), listen, notify, tables }
}

function hotPath(tables: Tables): JobStore {
  return {
    push: async (jobs, options = {}) => push(tables, jobs, options),
    register: async (worker) => register(tables, worker),
    deregister: async (worker) => deregister(tables, worker),
    reserve: async (request) => reserve(tables, request),
    begin: async (worker, job) => begin(tables, worker, job),
    heartbeat: async (beat) => heartbeat(tables, beat),
    settle: async (settlement) => settle(tables, settlement),
    fate: async () => {
      throw noTransactions()
    },
    reclaim: async () => reclaim(tables),
  }
}

function admin(tables: Tables): AdminStore {
  return { ...jobsAdmin(tables), ...failedAdmin(tables) }
}

function lifeOf(tables: Tables): LifeStore & { isClosed: () => boolean } {
  let closed = false
  const isClosed = () => closed
  return {
    isClosed,
    kind: 'memory',
    connections: () => [],
    durability: 'nothing: jobs are lost when this process ends',
    open: async () => {
      closed = false
    },
    close: async () => {
      closed = true
    },
    ...guarded(
      {
        migrate: async () => ({ from: SCHEMA_VERSION, to: SCHEMA_VERSION, steps: [] }),
        ping: async () => ({
          latencyMs: 0,
          now: tables.clock(),
          schemaVersion: SCHEMA_VERSION,
          server: 'memory of this process',
        }),
        diagnose: async () => [
          {
            level: 'warning' as const,
            topic: 'durability',
            text: 'The memory store loses all jobs when this process ends.',
            remedy: 'Set DATABASE_URL to a database, such as sqlite:.faena/faena.db.',
          },
        ],
      },
      isClosed,
    ),
  }
}

/** The same operations, rejecting once the store is closed. */
function guarded<Group extends object>(group: Group, isClosed: () => boolean): Group {
  const entries = Object.entries(group).map(([name, operation]) => {
    const checked = async (...given: unknown[]) => {
      if (isClosed()) throw new FaenaError('STORE_CLOSED', `The memory store was closed; ${name} came after that`)
      return operation(...given)
    }
    return [name, checked]
  })
  return Object.fromEntries(entries) as Group
}
