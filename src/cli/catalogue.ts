import type { Command } from 'commander'
import type { Runner } from './runner.ts'

/** A command's own file: gives it its options, its examples and its action. Loaded only when the command is called. */
export interface CommandModule {
  define(command: Command, runner: Runner): void
}

export interface Entry {
  name: string
  /** Shown in the list of commands. */
  summary: string
  /** Laravel's names for it; the first is shown in its help. */
  laravel?: readonly string[]
  group: 'Run' | 'Look' | 'Repair' | 'Steer' | 'Set up'
  load: () => Promise<CommandModule>
}

export const CATALOGUE: readonly Entry[] = [
  {
    name: 'start',
    group: 'Run',
    summary: 'everything in one process tree: workers, scheduler, API and dashboard',
    load: () => import('./commands/start.ts'),
  },
  {
    name: 'dev',
    group: 'Run',
    summary: "everything on a developer's machine, started anew when files change",
    load: () => import('./commands/dev.ts'),
  },
  {
    name: 'supervise',
    group: 'Run',
    summary: 'pools of worker processes, kept running',
    load: () => import('./commands/supervise.ts'),
  },
  {
    name: 'work',
    group: 'Run',
    summary: 'run jobs',
    laravel: ['queue:work'],
    load: () => import('./commands/work.ts'),
  },
  {
    name: 'serve',
    group: 'Run',
    summary: 'the management API and the dashboard',
    load: () => import('./commands/serve.ts'),
  },
  {
    name: 'dispatch',
    group: 'Run',
    summary: 'hand over one job by hand',
    load: () => import('./commands/dispatch.ts'),
  },
  {
    name: 'status',
    group: 'Look',
    summary: 'what waits, runs and failed, per queue',
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'monitor',
    group: 'Look',
    summary: 'sizes of queues, with an alert above a limit',
    laravel: ['queue:monitor'],
    load: () => import('./commands/monitor.ts'),
  },
  { name: 'jobs', group: 'Look', summary: 'list waiting and running jobs', load: () => import('./commands/jobs.ts') },
  { name: 'show', group: 'Look', summary: 'everything known of one job', load: () => import('./commands/show.ts') },
  { name: 'why', group: 'Look', summary: 'why a job does not run', load: () => import('./commands/why.ts') },
  { name: 'runs', group: 'Look', summary: 'recent attempts', load: () => import('./commands/runs.ts') },
  {
    name: 'failed',
    group: 'Look',
    summary: 'list failed jobs',
    laravel: ['queue:failed'],
    load: () => import('./commands/failed.ts'),
  },
  {
    name: 'alerts',
    group: 'Look',
    summary: 'what is wrong, who is told; mute, acknowledge, test a channel',
    load: () => import('./commands/alerts.ts'),
  },
  {
    name: 'ps',
    group: 'Look',
    summary: 'processes of the supervisor on this machine',
    load: () => import('./commands/ps.ts'),
  },
  {
    name: 'tail',
    group: 'Look',
    summary: 'what a supervised process prints',
    load: () => import('./commands/tail.ts'),
  },
  { name: 'workers', group: 'Look', summary: 'list live workers', load: () => import('./commands/workers.ts') },
  {
    name: 'retry',
    group: 'Repair',
    summary: 'bring failed jobs back to their queues',
    laravel: ['queue:retry'],
    load: () => import('./commands/retry.ts'),
  },
  {
    name: 'forget',
    group: 'Repair',
    summary: 'delete failed jobs by id',
    laravel: ['queue:forget'],
    load: () => import('./commands/forget.ts'),
  },
  {
    name: 'flush',
    group: 'Repair',
    summary: 'delete all failed jobs, or old ones',
    laravel: ['queue:flush'],
    load: () => import('./commands/flush.ts'),
  },
  {
    name: 'clear',
    group: 'Repair',
    summary: 'remove all jobs of a queue',
    laravel: ['queue:clear'],
    load: () => import('./commands/clear.ts'),
  },
  {
    name: 'cancel',
    group: 'Repair',
    summary: 'remove jobs by id, running ones too',
    load: () => import('./commands/cancel.ts'),
  },
  { name: 'run-now', group: 'Repair', summary: 'make delayed jobs due', load: () => import('./commands/run-now.ts') },
  {
    name: 'change',
    group: 'Repair',
    summary: 'alter delay, priority or queue of waiting jobs',
    load: () => import('./commands/change.ts'),
  },
  {
    name: 'prune',
    group: 'Repair',
    summary: 'delete history and old failed jobs',
    laravel: ['queue:prune-failed'],
    load: () => import('./commands/prune.ts'),
  },
  {
    name: 'pause',
    group: 'Steer',
    summary: 'let no more jobs of a queue start',
    laravel: ['queue:pause'],
    load: () => import('./commands/pause.ts'),
  },
  {
    name: 'resume',
    group: 'Steer',
    summary: 'end a pause',
    laravel: ['queue:resume', 'queue:continue'],
    load: () => import('./commands/resume.ts'),
  },
  {
    name: 'restart',
    group: 'Steer',
    summary: 'let all workers end after their jobs and start anew',
    laravel: ['queue:restart'],
    load: () => import('./commands/restart.ts'),
  },
  {
    name: 'stop',
    group: 'Steer',
    summary: 'stop supervised processes',
    load: () => import('./commands/stop.ts'),
  },
  {
    name: 'reread',
    group: 'Steer',
    summary: 'what is different in the configuration of pools',
    load: () => import('./commands/reread.ts'),
  },
  {
    name: 'update',
    group: 'Steer',
    summary: 'take the configuration of pools over',
    load: () => import('./commands/update.ts'),
  },
  {
    name: 'schedules',
    group: 'Steer',
    summary: 'list, pause, resume, run and remove schedules',
    laravel: ['schedule:list'],
    load: () => import('./commands/schedules.ts'),
  },
  {
    name: 'migrate',
    group: 'Set up',
    summary: 'create or update the tables',
    load: () => import('./commands/migrate.ts'),
  },
  {
    name: 'users',
    group: 'Set up',
    summary: 'who may log in to the panel',
    load: () => import('./commands/users.ts'),
  },
  {
    name: 'login',
    group: 'Set up',
    summary: 'make a link that opens the dashboard logged in, once',
    load: () => import('./commands/login.ts'),
  },
  {
    name: 'token',
    group: 'Set up',
    summary: 'make a token for the API, or revoke one',
    load: () => import('./commands/token.ts'),
  },
  {
    name: 'config',
    group: 'Set up',
    summary: 'the settings in force and where each comes from',
    load: () => import('./commands/config.ts'),
  },
  {
    name: 'service',
    group: 'Set up',
    summary: 'units for systemd, Supervisor, launchd or Windows',
    load: () => import('./commands/service.ts'),
  },
  {
    name: 'doctor',
    group: 'Set up',
    summary: 'facts and risks of this installation, and what to do',
    load: () => import('./commands/doctor.ts'),
  },
]

/** The entry a word on the command line means, by its name or Laravel's. */
export function entryFor(word: string): Entry | undefined {
  return CATALOGUE.find(({ name, laravel }) => name === word || laravel?.includes(word))
}
