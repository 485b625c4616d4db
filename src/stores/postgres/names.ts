import { createHash } from 'node:crypto'
import { notAllowed } from '../../core/errors.ts'

/** Where the tables lie and what they are called. The defaults are Laravel's names in the schema `public`. */
export interface NameOptions {
  schema?: string
  /** Of everything that is ours alone. */
  prefix?: string
  jobs?: string
  failedJobs?: string
  jobBatches?: string
}

/** Plain names, for the catalogue, and quoted ones with their schema, for statements. */
export interface Names {
  readonly schema: string
  readonly plain: { readonly jobs: string; readonly failedJobs: string; readonly jobBatches: string }
  readonly jobs: string
  readonly failedJobs: string
  readonly jobBatches: string
  /** One of ours: `own('workers')` is `"public"."faena_workers"`. */
  own(name: string): string
  /** Where pushes are told of: one for each schema and prefix of a database. */
  readonly channel: string
  /** The same without schema and quotes. */
  plainOwn(name: string): string
}

/** Longer names PostgreSQL would cut, and two of ours could become one. */
const LONGEST = 63
const LONGEST_PREFIX = 30
const FORM = /^[A-Za-z_][A-Za-z0-9_$]*$/

export function tableNames(options: NameOptions = {}): Names {
  const schema = checked('schema', options.schema ?? 'public', LONGEST)
  const prefix = checked('prefix', options.prefix ?? 'faena_', LONGEST_PREFIX)
  const plain = {
    jobs: checked('jobs', options.jobs ?? 'jobs', LONGEST),
    failedJobs: checked('failedJobs', options.failedJobs ?? 'failed_jobs', LONGEST),
    jobBatches: checked('jobBatches', options.jobBatches ?? 'job_batches', LONGEST),
  }
  const quoted = (name: string) => `"${schema}"."${name}"`
  return {
    schema,
    plain,
    jobs: quoted(plain.jobs),
    failedJobs: quoted(plain.failedJobs),
    jobBatches: quoted(plain.jobBatches),
    own: (name) => quoted(`${prefix}${name}`),
    plainOwn: (name) => `${prefix}${name}`,
    channel: fitting(`${prefix}${schema}`),
  }
}

/** LISTEN cuts a name that is too long, NOTIFY refuses it. */
function fitting(name: string): string {
  if (name.length <= LONGEST) return name
  return `${name.slice(0, 40)}_${createHash('sha256').update(name).digest('hex').slice(0, 16)}`
}

function checked(option: string, name: string, longest: number): string {
  if (FORM.test(name) && name.length <= longest) return name
  throw notAllowed('BAD_CONFIGURATION', option, name, `letters, digits, _ and $, at most ${longest}, no digit first`)
}
