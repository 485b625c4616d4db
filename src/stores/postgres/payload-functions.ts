import { raw, type Sql, sql } from '../sql/sql.ts'
import { textArray } from './client.ts'
import { functionHead } from './function-head.ts'
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

/**
 * The jobs that have one of some uuids, each by the index that lists it. Of the one of odd rows, which is mostly empty, the
 * server has no statistics: it takes a share of the whole table to match, and would read all of it for twenty uuids.
 */
export function jobsOfUuidsFunction(names: Names): string {
  const { jobs } = names
  const uuidOf = `${names.own('uuid_of_1')}(j.payload)`
  return `
create or replace function ${names.own('jobs_of_uuids_1')}(given text[]) returns table (id bigint, uuid text)
  ${functionHead} stable rows 10
as $function$
begin
  return query select j.id::bigint, substr(j.payload, 10, 36) from ${jobs} j where substr(j.payload, 10, 36) = any(given);
  return query select j.id::bigint, ${uuidOf} from ${jobs} j where ${isOdd('j.payload')} and ${uuidOf} = any(given);
end
$function$`
}

/** A select of `id` and `uuid` of the jobs that have one of these uuids. */
export function jobsOfUuids(names: Names, uuids: readonly string[]): Sql {
  return sql`select id, uuid from ${raw(names.own('jobs_of_uuids_1'))}(${textArray(uuids)}::text[])`
}

/** Matches the text of a member of a JSON object that only plain members stand before. */
function leading(name: string): string {
  const text = '"(?:[^"\\\\]|\\\\.)*"'
  const member = `\\s*${text}\\s*:\\s*(?:${text}|-?[0-9.eE+-]+|true|false|null)\\s*,`
  return `^\\s*\\{(?:${member})*\\s*"${name}"\\s*:\\s*"((?:[^"\\\\]|\\\\.)*)"`
}
