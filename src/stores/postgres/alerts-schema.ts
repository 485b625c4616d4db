import type { Names } from './names.ts'
import type { Change } from './schema.ts'

/** What is wrong and who was told, and who watches for it. */
export function alertTables(names: Names): Change[] {
  const own = (name: string, columns: string): Change => ({
    sql: `create table ${names.own(name)} (${columns.replace(/\n\s+/g, '\n  ').replace(/\n\s+$/, '\n')})`,
    missing: ({ tables }) => !tables.has(names.plainOwn(name)),
  })
  const index = (name: string, kind: 'index' | 'unique index', columns: string): Change => ({
    sql: `create ${kind} "${names.plainOwn(name)}" on ${names.own('alerts')} ${columns}`,
    missing: ({ indexes }) => !indexes.has(names.plainOwn(name)),
  })
  return [
    own(
      'alerts',
      `
      id bigserial primary key,
      key text not null,
      rule text not null,
      subject text not null,
      state text not null,
      opened_at bigint not null,
      last_at bigint not null,
      resolved_at bigint,
      amount bigint not null,
      detail text not null,
      told_at bigint,
      told_amount bigint not null,
      muted_until bigint,
      muted_by text,
      acknowledged_at bigint,
      acknowledged_by text
    `,
    ),
    index('alerts_key', 'unique index', '(key)'),
    index('alerts_state', 'index', '(state, id)'),
    own(
      'watches',
      `
      name text primary key,
      owner text,
      fence bigint not null,
      lease_until bigint not null,
      state text
    `,
    ),
  ]
}
