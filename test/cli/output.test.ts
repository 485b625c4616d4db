import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { errorText, exitCodeFor } from '../../src/cli/errors.ts'
import { printJobs } from '../../src/cli/job-lines.ts'
import { LineWriter } from '../../src/cli/line-writer.ts'
import { outputOn, type Streams } from '../../src/cli/output.ts'
import { progressLine, progressOn } from '../../src/cli/progress.ts'
import { plain, safe, styleFor, widthOf } from '../../src/cli/style.ts'
import { tableLines } from '../../src/cli/table.ts'
import { FaenaError } from '../../src/core/errors.ts'
import { Events } from '../../src/core/events.ts'
import { masker } from '../../src/core/mask.ts'
import { surfacedFields } from '../../src/core/surface.ts'
import { wallClock } from '../../src/core/wallclock.ts'
import type { JobEvent, WorkerEvents } from '../../src/worker/events.ts'

/** A stream that keeps what is written, as a terminal of 60 columns or as a pipe. */
class Stream extends Writable {
  text = ''
  readonly isTTY: boolean
  readonly columns = 60
  constructor(isTTY: boolean) {
    super()
    this.isTTY = isTTY
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void) {
    this.text += chunk
    done()
  }
}

function terminal(isTTY: boolean, env: NodeJS.ProcessEnv = {}) {
  const [stdout, stderr, stdin] = [new Stream(isTTY), new Stream(isTTY), new Stream(isTTY)]
  return { stdout, stderr, streams: { stdout, stderr, stdin, env } as unknown as Streams }
}

test('colours are for terminals, and NO_COLOR takes them away', () => {
  expect(styleFor(true, {}).bad('x')).not.toBe('x')
  expect(plain(styleFor(true, {}).bad('x'))).toBe('x')
  for (const [isTerminal, env] of [
    [false, {}],
    [true, { NO_COLOR: '1' }],
    [true, { TERM: 'dumb' }],
  ] as const) {
    expect(styleFor(isTerminal, env).bad('x')).toBe('x')
  }
})

test('columns of a table are aligned, with and without colours', () => {
  const rows = [
    { queue: 'demo', due: 7 },
    { queue: 'a-long-name', due: 12_000 },
  ]
  for (const style of [styleFor(true, {}), styleFor(false, {})]) {
    const columns = [
      { title: 'QUEUE', cell: ({ queue }: (typeof rows)[0]) => style.bold(queue) },
      { title: 'DUE', align: 'right' as const, cell: ({ due }: (typeof rows)[0]) => String(due) },
    ]
    expect(tableLines(columns, rows, style).map(plain)).toEqual([
      '  QUEUE          DUE',
      '  demo             7',
      '  a-long-name  12000',
    ])
  }
})

test('with --json stdout holds the document and nothing else; faults go to stderr', () => {
  const { stdout, stderr, streams } = terminal(true)
  const output = outputOn(streams, true)
  output.info('Done')
  output.line('a line')
  output.table([{ title: 'A', cell: String }], [1])
  output.error('Not there')
  output.document({ a: 1 })
  expect(JSON.parse(stdout.text)).toEqual({ a: 1 })
  expect(plain(stderr.text)).toContain('ERROR  Not there.')
  expect(output.interactive).toBe(false)
})

test('a line with dots is as wide as the terminal', () => {
  const { stdout, streams } = terminal(true)
  outputOn(streams, false).dotted('left', 'right')
  expect(widthOf(stdout.text.trimEnd())).toBe(58)
  expect(plain(stdout.text)).toMatch(/^ {2}left \.+ right\n$/)
})

test('a progress bar shows share and count, is drawn on one line, and leaves nothing behind', () => {
  expect(progressLine('retrying', 50, 200)).toBe(`  retrying [${'█'.repeat(7)}${'░'.repeat(21)}]  25%  50/200`)
  expect(progressLine('retrying', 50, null)).toBe('  retrying 50')
  const { stderr } = terminal(true)
  const progress = progressOn(stderr as unknown as NodeJS.WriteStream, 'retrying')
  progress.update(200, 200)
  progress.end()
  expect(stderr.text).not.toContain('\n')
  expect(stderr.text.endsWith('\r\u001b[2K')).toBe(true)
})

test("on a terminal a worker prints Laravel's two lines per job, and why one failed", async () => {
  const { stdout } = terminal(true)
  const events = new Events<WorkerEvents>()
  const writer = new LineWriter(stdout as unknown as NodeJS.WriteStream)
  printJobs(events, {
    writer,
    level: 'info',
    form: 'terminal',
    style: styleFor(true, {}),
    width: () => 60,
    clock: wallClock('UTC'),
    connection: 'database',
    verbose: false,
    fields: surfacedFields('order_id|orderId'),
    masker: masker(),
  })
  const job: JobEvent = {
    worker: 1,
    id: 7,
    uuid: '01890000-0000-7000-8000-000000000001',
    name: 'orders.sync',
    displayName: 'orders.sync',
    queue: 'orders',
    attempts: 1,
    data: { orderId: 803196 },
    ms: 812.451,
  }
  events.emit('started', job)
  events.emit('completed', { ...job, result: null })
  events.emit('retrying', { ...job, ms: 1_250, error: new Error('gone\u001b[2J'), delayMs: 5_000 })
  await writer.end()
  expect(plain(stdout.text).replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')).toBe(
    [
      '  TIME orders.sync order_id=803196 ... RUNNING',
      '  TIME orders.sync order_id=803196 ... 812.45ms DONE',
      '  TIME orders.sync order_id=803196 ... 1s 250ms FAIL',
      '    Error: gone [2J (attempt 1, again in 5s)',
      '',
    ].join('\n'),
  )
})

test('an error is one line with its code, and its exit code says of which kind it is', () => {
  const error = new FaenaError('STORE_UNAVAILABLE', 'The store did not answer', { cause: new Error('ECONNREFUSED') })
  expect(errorText(error, false)).toBe('faena: STORE_UNAVAILABLE: The store did not answer (ECONNREFUSED)')
  expect(errorText(error, true)).toContain('\n  caused by Error: ECONNREFUSED\n')
  expect(errorText(new Error('a fault of ours'), false)).toMatch(
    /^faena: unexpected error: Error: a fault of ours\n {4}at /,
  )
  const codes = (['STORE_UNAVAILABLE', 'BAD_CONFIGURATION', 'INVALID_INPUT', 'NOT_FOUND'] as const).map((code) =>
    exitCodeFor(new FaenaError(code, '')),
  )
  expect(codes).toEqual([1, 2, 2, 3])
})

test('what is not ours cannot steer the terminal', () => {
  expect(safe('a\u001b[2Jb\r\nc\u009bd')).toBe('a [2Jb c d')
})
