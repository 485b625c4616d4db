import type { WaitingClient } from './servers/waiting-client.ts'

/** All that a schema holds, as SQL that reads the same on every server version; the schema is called `public` in it. */
export function dumpSchema(client: WaitingClient, schema: string): string {
  const tables = client.all<{ name: string; options: string | null }>(
    `select c.relname as name, array_to_string(c.reloptions, ', ') as options from pg_class c
      where c.relnamespace = $1::regnamespace and c.relkind = 'r' order by c.relname`,
    [schema],
  )
  const parts = [
    ...tables.map(({ name, options }) => tableText(client, schema, name, options)),
    ...definitions(
      client,
      schema,
      `select pg_get_indexdef(i.indexrelid) || case when i.indisvalid then '' else ' -- invalid' end as text
         from pg_index i join pg_class c on c.oid = i.indexrelid
        where c.relnamespace = $1::regnamespace and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
        order by c.relname`,
    ),
    ...definitions(
      client,
      schema,
      `select pg_get_functiondef(p.oid) as text from pg_proc p where p.pronamespace = $1::regnamespace order by p.proname`,
    ),
  ]
  return `${parts.map((part) => `${part.trim()};`).join('\n\n')}\n`.replaceAll(schema, 'public')
}

function tableText(client: WaitingClient, schema: string, table: string, options: string | null): string {
  const oid = [`${schema}.${table}`]
  const columns = client.all<{ text: string }>(
    `select quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod) ||
            coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') || case when a.attnotnull then ' not null' else '' end as text
       from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    oid,
  )
  const constraints = client.all<{ text: string }>(
    `select 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) as text from pg_constraint
      where conrelid = $1::regclass and contype in ('p', 'u', 'f', 'c') order by conname`,
    oid,
  )
  const lines = [...columns, ...constraints].map(({ text }) => `  ${text}`).join(',\n')
  return `create table ${schema}.${table} (\n${lines}\n)${options ? ` with (${options})` : ''}`
}

function definitions(client: WaitingClient, schema: string, sql: string): string[] {
  return client.all<{ text: string }>(sql, [schema]).map(({ text }) => text)
}
