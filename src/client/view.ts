import { headline } from '../core/exception.ts'
import { type ReadPayload, tryReadPayload } from '../core/payload.ts'
import type { SurfacedField } from '../core/surface.ts'
import { shownInput, surfacedIn } from '../laravel/command.ts'
import type { FailedJob, Run, StoredJob } from '../store.ts'

/** What lists and pages show of a payload, whoever wrote it. */
interface PayloadView {
  /** What people call the job: `displayName`, else its class, else `job`. */
  displayName: string
  /** As the payload has it, unaltered: `displayName`, else `data.commandName`, else `job`. */
  jobClass: string
  tags: readonly string[]
  /** `data` of the payload: the input of our jobs; of Laravel's, with what can be read in its serialized command. */
  input: unknown
  /** The fields named by FAENA_SURFACE, as the input has them, or a serialized command, whatever their visibility there. */
  surfaced: Readonly<Record<string, unknown>>
  /** The payload is not a JSON object with a `job`: a worker will fail it as CORRUPT_PAYLOAD. */
  corrupt: boolean
}

/** A row of `jobs` with its payload read. Times in unix ms. */
export interface JobView extends StoredJob, PayloadView {
  uuid: string | null
}

/** A row of `failed_jobs` with its payload read. Times in unix ms. */
export interface FailedView extends FailedJob, PayloadView {
  headline: string
}

/** Everything known of one job. A number may name both a waiting job and a failed one: ids of the two tables are apart. */
export interface JobPage {
  job: JobView | null
  failed: FailedView | null
  /** Attempts that history still holds, newest first, with log lines and progress. */
  runs: Run[]
}

export function jobView(row: StoredJob, surface: readonly SurfacedField[] = []): JobView {
  const read = tryReadPayload(row.payload)
  return {
    ...row,
    uuid: read?.uuid ?? null,
    maxAttempts: row.maxAttempts ?? read?.maxTries ?? null,
    ...shown(read, surface),
  }
}

export function failedView(row: FailedJob, surface: readonly SurfacedField[] = []): FailedView {
  const read = tryReadPayload(row.payload)
  return {
    ...row,
    name: row.name ?? read?.name ?? null,
    headline: row.headline ?? headline(row.exception),
    ...shown(read, surface),
  }
}

const CORRUPT = '(corrupt payload)'

function shown(read: ReadPayload | undefined, surface: readonly SurfacedField[]): PayloadView {
  return {
    displayName: read?.displayName ?? CORRUPT,
    jobClass: read?.jobClass ?? CORRUPT,
    tags: read?.faena.tags ?? [],
    input: shownInput(read?.data),
    surfaced: surfacedIn(surface, read?.data) ?? {},
    corrupt: read === undefined,
  }
}
