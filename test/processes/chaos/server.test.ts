import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, unlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { installation, restarted } from './installation.ts'
import { onServers } from './on-servers.ts'

/** Room for an empty server and for what the jobs leave behind. */
const DISK = '400m'
const FULL_MS = 8_000

onServers((kind, server) => {
  test('a server that is killed and started again loses nothing acknowledged, and its workers come back', async () => {
    const { survives } = await installation(kind, server(), { jobs: 10_000 })
    await survives({
      async fault() {
        await sleep(Math.random() * 1_000)
        await server().crash()
        await sleep(Math.random() * 1_500)
        await restarted(server())
      },
      progress: 1_200,
    })
  })

  test('connections that are all killed again and again neither lose nor double a job', async () => {
    const { database, survives } = await installation(kind, server(), { jobs: 10_000 })
    const operator = await kind.operator(server().url)
    await survives({
      async fault() {
        await kind.killAll(operator, database)
        await sleep(50 + Math.random() * 400)
      },
      calm: () => operator.end(),
    })
  })

  test('a disk that is full now and then refuses dispatches loudly, and leaves nothing half done', async () => {
    const disk = smallDisk()
    const full = await kind.start({}, { folder: disk, mounted: true })
    onTestFinished(() => full.stop(), 60_000)
    const { producer, survives } = await installation(kind, full, { jobs: 10_000 })
    await survives({
      async fault() {
        await sleep(500)
        const filler = await fill(disk)
        // The first time for longer than a dispatch waits for its store, and with more than the server has room for.
        const first = producer.count('refused') + producer.count('doubtful') === 0
        const asked = [producer.dispatchBlock(60, 50_000), first && producer.dispatchBulky(40, FULL_MS / 1_000)]
        await Promise.all([sleep(first ? FULL_MS : 1_000), ...asked])
        unlinkSync(filler)
        // A server that cannot write its log ends, and whoever runs it starts it again.
        if (!full.running) await restarted(full)
        await sleep(1_500)
      },
    })
    expect(producer.count('refused') + producer.count('doubtful')).toBeGreaterThan(0)
  })
})

/** A file system in memory; unmounted by the guard of the server that lives there. */
function smallDisk(): string {
  const folder = mkdtempSync(join(tmpdir(), 'faena-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=755`, 'tmpfs', folder])
  } catch (cause) {
    rmSync(folder, { recursive: true })
    throw new Error('this test mounts a small file system in memory, for which it must run as root', { cause })
  }
  return folder
}

/** Until nothing more can be written. Answers the file to remove again. */
async function fill(disk: string): Promise<string> {
  const path = join(disk, 'filler')
  const file = await open(path, 'w')
  const block = Buffer.alloc(64 * 1024)
  try {
    while (statfsSync(disk).bavail > 0) await file.write(block)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    await file.close()
  }
  return path
}
