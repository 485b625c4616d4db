import { raw, type Sql, sql } from '../sql/sql.ts'
import { textArray } from './client.ts'
import type { Names } from './names.ts'

/**
 * What a payload without our columns says, read by regular expressions on the text: a JSON function would raise at `\u0000`
 * and at what is no JSON. Members before the one that is asked for may be texts, numbers, true, false and null, as in all of
 * Laravel's payloads. Null where this cannot tell.
 */
export function payloadFunctions(names: Names): string[] {
  return [
    `
create or replace function ${names.own('job_of_1')}(payload text) returns text language sql immutable as $function$
  select case when right(rtrim(payload, E' \\t\\r\\n'), 1) = '}'
              then replace(substring(left(payload, 4000) from '${leading('job')}'), '\\/', '/') end
$function$`,
    `
create or replace function ${names.own('uuid_of_1')}(payload text) returns text language sql immutable as $function$
  select substring(left(payload, 4000) from '${leading('uuid')}')
$function$`,
  ]
}

/** A row whose uuid does not stand where ours and Laravel's do; few, if any, and listed by an index of their own. */
export function isOdd(payload: string): string {
  return `substr(${payload}, 1, 9) <> '{"uuid":"'`
}

/** Whether the row `j` can be the job of this uuid: it has it at its beginning, or begins in another way altogether. */
export function isJobOf(uuid: string): string {
  return `(substr(j.payload, 10, 36) = ${uuid} or ${isOdd('j.payload')})`
}

/** A select of `id` and `uuid` of the jobs that have one of these uuids, each by the index that lists it. */
export function jobsOfUuids(names: Names, uuids: readonly string[]): Sql {
  const list = sql`any(${textArray(uuids)}::text[])`
  const [jobs, odd, uuidOf] = [raw(names.jobs), raw(isOdd('payload')), raw(`${names.own('uuid_of_1')}(payload)`)]
  return sql`
    select id, substr(payload, 10, 36) as uuid from ${jobs} where substr(payload, 10, 36) = ${list}
    union all
    select id, ${uuidOf} as uuid from ${jobs} where ${odd} and ${uuidOf} = ${list}`
}

/** Matches the text of a member of a JSON object that only plain members stand before. */
function leading(name: string): string {
  const text = '"(?:[^"\\\\]|\\\\.)*"'
  const member = `\\s*${text}\\s*:\\s*(?:${text}|-?[0-9.eE+-]+|true|false|null)\\s*,`
  return `^\\s*\\{(?:${member})*\\s*"${name}"\\s*:\\s*"((?:[^"\\\\]|\\\\.)*)"`
}
