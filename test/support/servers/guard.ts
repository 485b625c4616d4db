import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Waits until whoever started it is gone, which closes its standard input, then ends the server process and removes the
 * server's folder. A process of its own, so that a run of the tests that is killed leaves nothing behind.
 */
const pid = Number(process.argv[2])
const folder = process.argv[3] as string

process.stdin.resume()
process.stdin.on('end', end)

async function end(): Promise<void> {
  // SIGINT is PostgreSQL's fast shutdown, MariaDB ignores it and takes SIGTERM; SIGQUIT and SIGKILL are for a server that hangs.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!send(signal)) break
    for (let waited = 0; waited < 3_000 && send(0); waited += 50) await delay(50)
  }
  await rm(folder, { recursive: true, force: true })
  process.exit()
}

function send(signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    return false
  }
}
