import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'

/** What the figures were taken on, in a line or two. */
export function machine(versions: readonly string[]): string {
  const [cpu] = cpus()
  const load = loadavg()[0]!.toFixed(1)
  return [
    `${new Date().toISOString().slice(0, 10)}. ${cpus().length} × ${cpu?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${system()},`,
    `Node ${process.version}, ${versions.join(', ')}. Load average when the run began: ${load}.`,
  ].join(' ')
}

function system(): string {
  try {
    const name = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
    return `${name ?? process.platform}, kernel ${release()}`
  } catch {
    return `${process.platform} ${release()}`
  }
}
