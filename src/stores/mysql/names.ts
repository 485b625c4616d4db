import { notAllowed } from '../../core/errors.ts'
import { raw, type Sql } from '../sql/sql.ts'
import { quoted } from './text.ts'

/** Where the tables lie and what they are called. The defaults are Laravel's names in the database of the URL. */
export interface NameOptions {
  /** The database, which MySQL also calls a schema. */
  schema?: string
  /** Of everything that is ours alone. */
  prefix?: string
  jobs?: string
  failedJobs?: string
  jobBatches?: string
}

const OWN = [
  ...(['workers', 'queues', 'schedules', 'failed', 'runs', 'metrics'] as const),
  ...(['locks', 'reclaims', 'producers', 'settlements', 'holds', 'migrations'] as const),
  ...(['operations', 'audit', 'users', 'sessions', 'revocations', 'idempotency', 'alerts', 'watches'] as const),
]
type Own = (typeof OWN)[number] | 'failedFields'

/** Quoted names, with their database, for statements; plain ones for the catalogue. */
export interface Names extends Readonly<Record<Own | 'jobs' | 'failedJobs' | 'jobBatches', Sql>> {
  readonly schema: string
  readonly plain: Readonly<Record<Own | 'jobs' | 'failedJobs' | 'jobBatches', string>>
}

/** MySQL's limit; index and lock names are made from these. */
const LONGEST = 50
const LONGEST_PREFIX = 30
const FORM = /^[A-Za-z0-9_$]+$/
/** A database may have been named by anybody. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const SCHEMA_FORM = /^[^`\\/\u0000-\u001f]+$/

export function tableNames(options: NameOptions, database: string): Names {
  const schema = checked('schema', options.schema ?? database, 64, SCHEMA_FORM)
  const prefix = options.prefix === '' ? '' : checked('prefix', options.prefix ?? 'faena_', LONGEST_PREFIX)
  const plain = {
    jobs: checked('jobs', options.jobs ?? 'jobs', LONGEST),
    failedJobs: checked('failedJobs', options.failedJobs ?? 'failed_jobs', LONGEST),
    jobBatches: checked('jobBatches', options.jobBatches ?? 'job_batches', LONGEST),
    ...(Object.fromEntries(OWN.map((name) => [name, `${prefix}${name}`])) as Record<(typeof OWN)[number], string>),
    failedFields: `${prefix}failed_fields`,
  }
  const names = Object.values(plain).map((name) => name.toLowerCase())
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice) throw notAllowed('BAD_CONFIGURATION', 'prefix', prefix, `one that makes no table's name ${twice} twice`)
  const places = Object.entries(plain).map(([name, table]) => [name, raw(`${quoted(schema)}.${quoted(table)}`)])
  return { ...(Object.fromEntries(places) as Record<keyof typeof plain, Sql>), schema, plain }
}

function checked(option: string, name: string, longest: number, form = FORM): string {
  if (form.test(name) && name.length <= longest) return name
  throw notAllowed('BAD_CONFIGURATION', option, name, `letters, digits, _ and $, 1 to ${longest} characters`)
}
