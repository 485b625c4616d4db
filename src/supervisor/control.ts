/** What the command line and a supervisor say to one another: one JSON text per line, one request per connection. */
export interface ControlRequest {
  command: (typeof CONTROL_COMMANDS)[number]
  names: readonly string[]
  /** Of `tail`: how many lines, and whether it goes on. */
  lines?: number
  follow?: boolean
}

export const CONTROL_COMMANDS = ['ps', 'start', 'stop', 'restart', 'reread', 'update', 'tail', 'shutdown'] as const

/** Lines for people while it goes on; `done` or `failed` ends it. */
export type ControlAnswer =
  | { kind: 'line'; line: string }
  | { kind: 'done'; value: unknown }
  | { kind: 'failed'; code: string; text: string }

/** A request is short: names of processes. */
export const LONGEST_REQUEST = 64 * 1_024
