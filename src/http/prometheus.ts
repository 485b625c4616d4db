import type { Admin } from '../client/admin.ts'

type Board = Awaited<ReturnType<Admin['board']>>
type Workers = Awaited<ReturnType<Admin['workers']>>

/** Gauges in the text form of Prometheus. All of them are states of the moment: what is counted up lies in GET …/metrics. */
export function prometheusText({ queues, failed, oldestDue }: Board, workers: Workers): string {
  const jobs = queues.flatMap(({ queue, ...counts }) =>
    (['due', 'delayed', 'reserved'] as const).map((state) => sample('faena_jobs', { queue, state }, counts[state])),
  )
  const running = workers.reduce((sum, worker) => sum + worker.running, 0)
  return [
    ...family('faena_jobs', 'Jobs by queue and state.', jobs),
    ...family('faena_failed_jobs', 'Failed jobs.', [sample('faena_failed_jobs', {}, failed)]),
    ...family('faena_oldest_due_age_seconds', 'How long the oldest due job has been due; 0 where none is.', [
      sample('faena_oldest_due_age_seconds', {}, (oldestDue?.ageMs ?? 0) / 1_000),
    ]),
    ...family('faena_workers', 'Live workers.', [sample('faena_workers', {}, workers.length)]),
    ...family('faena_running_jobs', 'Jobs that live workers run.', [sample('faena_running_jobs', {}, running)]),
    '',
  ].join('\n')
}

function family(name: string, help: string, samples: readonly string[]): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...samples]
}

function sample(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const texts = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`)
  return `${name}${texts.length === 0 ? '' : `{${texts.join(',')}}`} ${value}`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
