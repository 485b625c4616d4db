/** What the keeper's process runs. Never imported. */
import { endGroup } from './command.ts'
import type { ToKeeper } from './keeper.ts'

const GRACE_MS = 5_000
const groups = new Set<number>()

process.title = 'faena dev keeper'
process.on('message', ({ kind, group }: ToKeeper) => {
  if (kind === 'began') groups.add(group)
  else groups.delete(group)
})
process.once('disconnect', () => {
  for (const group of groups) endGroup(group, 'SIGTERM')
  setTimeout(() => {
    for (const group of groups) endGroup(group, 'SIGKILL')
    process.exit()
  }, GRACE_MS)
})
