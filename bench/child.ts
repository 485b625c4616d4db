import { wallNow } from './contestant.ts'
import { CONTESTANTS } from './contestants/list.ts'
import { WORKLOADS } from './workloads/list.ts'

/**
 * One measurement in a process of its own: `child.ts CONTESTANT WORKLOAD FOLDER JSON`. Prints one line of JSON. A line
 * `ready` before it tells the parent that an idle worker waits; a line on standard input ends it.
 */
const [name = '', workload = '', folder = '', parameters = '{}'] = process.argv.slice(2)
const contestant = await CONTESTANTS[name]!()
const session = await contestant.open(folder)
const result = await WORKLOADS[workload]!(session, JSON.parse(parameters) as Record<string, number>, {
  ready: () => process.stdout.write('ready\n'),
  ended: new Promise((resolve) => process.stdin.once('data', () => resolve())),
  now: wallNow,
})
process.stdout.write(`${JSON.stringify(result)}\n`)
process.exit(0)
