import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Is told the server's process (0 for none) and waits until whoever started it is gone, which closes its standard input.
 * Then it ends the server and removes its folder. A process of its own, so that a run of the tests that is killed leaves
 * nothing behind.
 */
const folder = process.argv[2] as string
/** A file system that was mounted for the folder. */
const mount = process.argv[3]
let pid = 0

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  pid = Number(line)
})
lines.on('close', end)

async function end(): Promise<void> {
  // SIGINT is PostgreSQL's fast shutdown, MariaDB ignores it and takes SIGTERM; SIGQUIT and SIGKILL are for a server that hangs.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!send(signal)) break
    for (let waited = 0; waited < 3_000 && send(0); waited += 50) await delay(50)
  }
  await rm(folder, { recursive: true, force: true })
  if (mount) {
    execFileSync('umount', [mount], { stdio: 'ignore' })
    await rm(mount, { recursive: true, force: true })
  }
  process.exit()
}

function send(signal: NodeJS.Signals | 0): boolean {
  try {
    if (pid > 0) process.kill(pid, signal)
    return pid > 0
  } catch {
    return false
  }
}
