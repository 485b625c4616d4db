import type { AlertView } from '../client/alerts.ts'
import type { Status } from '../client/status.ts'
import type { FailedView, JobView } from '../client/view.ts'
import type { FailedGroup, Run, Schedule, WorkerState } from '../store.ts'

/**
 * The shapes `--json` prints. Keys in the tables' own style (`max_attempts`, `available_at`), instants as ISO 8601 in UTC;
 * fields may be added, none is renamed (docs/reference/cli.md).
 */
export function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

export function statusJson(status: Status, connection: string) {
  return {
    connection,
    at: iso(status.at),
    due: status.due,
    delayed: status.delayed,
    reserved: status.reserved,
    failed: status.failed,
    workers: status.workers,
    oldest_due: status.oldestDue && {
      queue: status.oldestDue.queue,
      created_at: iso(status.oldestDue.createdAt),
      age_seconds: Math.round(status.oldestDue.ageMs / 1_000),
    },
    queues: status.queues.map((queue) => ({
      queue: queue.queue,
      due: queue.due,
      delayed: queue.delayed,
      reserved: queue.reserved,
      workers: queue.workers,
      paused_at: iso(queue.pausedAt),
      pause_reason: queue.pauseReason,
    })),
    unserved: status.unserved,
  }
}

export function jobJson(job: JobView) {
  return {
    id: job.id,
    uuid: job.uuid,
    queue: job.queue,
    name: job.name,
    display_name: job.displayName,
    status: job.status,
    attempts: job.attempts,
    max_attempts: job.maxAttempts,
    priority: job.priority,
    tags: job.tags,
    ...job.surfaced,
    created_at: iso(job.createdAt),
    available_at: iso(job.availableAt),
    reserved_at: iso(job.reservedAt),
    reserved_by: job.reservedBy,
  }
}

/** Laravel's keys (`id` is the uuid, `class`, `failed_at` as the table has it), then ours. */
export function failedJson(failed: FailedView) {
  return {
    id: failed.uuid,
    connection: failed.connection,
    queue: failed.queue,
    class: failed.displayName,
    failed_at: failed.failedAtText,
    row_id: failed.id,
    name: failed.name,
    headline: failed.headline,
    fingerprint: failed.fingerprint,
    tags: failed.tags,
    ...failed.surfaced,
  }
}

export function groupJson(group: FailedGroup) {
  return {
    fingerprint: group.fingerprint,
    name: group.name,
    headline: group.headline,
    count: group.count,
    first_at: iso(group.firstAt),
    last_at: iso(group.lastAt),
    sample: group.sample,
  }
}

export function runJson(run: Run) {
  return {
    uuid: run.uuid,
    name: run.name,
    queue: run.queue,
    attempt: run.attempt,
    worker: run.worker,
    outcome: run.outcome,
    started_at: iso(run.startedAt),
    ended_at: iso(run.endedAt),
    duration_ms: run.endedAt === null ? null : run.endedAt - run.startedAt,
    headline: run.headline,
    progress: run.progress,
    note: run.note,
    log: run.log,
    result: resultOf(run),
  }
}

export function workerJson(worker: WorkerState) {
  return {
    id: worker.id,
    name: worker.name,
    host: worker.host,
    pid: worker.pid,
    version: worker.version,
    state: worker.state,
    queues: worker.queues,
    job_names: worker.names,
    concurrency: worker.concurrency,
    running: worker.running,
    memory_bytes: worker.memoryBytes,
    started_at: iso(worker.startedAt),
    beat_at: iso(worker.beatAt),
    lease_until: iso(worker.leaseUntil),
  }
}

export function scheduleJson(schedule: Schedule) {
  const { timing } = schedule
  return {
    key: schedule.key,
    job: schedule.job,
    queue: schedule.queue,
    cron: 'cron' in timing ? timing.cron : null,
    zone: 'cron' in timing ? timing.zone : null,
    every_ms: 'everyMs' in timing ? timing.everyMs : null,
    missed: schedule.missed,
    overlap: schedule.overlap,
    origin: schedule.origin,
    next_at: iso(schedule.nextAt),
    last_at: iso(schedule.lastAt),
    last_uuid: schedule.lastUuid,
    paused_at: iso(schedule.pausedAt),
  }
}

export function alertJson(alert: AlertView) {
  return {
    id: alert.id,
    key: alert.key,
    rule: alert.rule,
    subject: alert.subject,
    state: alert.state,
    count: alert.count,
    detail: alert.detail,
    opened_at: iso(alert.openedAt),
    last_at: iso(alert.lastAt),
    resolved_at: iso(alert.resolvedAt),
    told_at: iso(alert.toldAt),
    muted: alert.muted,
    muted_until: iso(alert.mutedUntil),
    muted_by: alert.mutedBy,
    acknowledged_at: iso(alert.acknowledgedAt),
    acknowledged_by: alert.acknowledgedBy,
  }
}

function resultOf({ result }: Run): unknown {
  if (result === null) return null
  try {
    return JSON.parse(result)
  } catch {
    return result
  }
}
