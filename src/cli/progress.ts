/** How far a long action is, for a person who watches: one line on stderr that is written over. */
export interface Progress {
  update(done: number, total: number | null): void
  end(): void
}

export const silent: Progress = { update: () => {}, end: () => {} }

const BAR = 28
const REDRAW_MS = 80

export function progressOn(stream: NodeJS.WriteStream, label: string): Progress {
  let drawnAt = 0
  let drawn = false
  return {
    update(done, total) {
      const now = performance.now()
      if (now - drawnAt < REDRAW_MS && done !== total) return
      drawnAt = now
      drawn = true
      stream.write(`\r\u001b[2K${progressLine(label, done, total)}`)
    },
    end() {
      if (drawn) stream.write('\r\u001b[2K')
    },
  }
}

export function progressLine(label: string, done: number, total: number | null): string {
  if (total === null || total === 0) return `  ${label} ${done}`
  const share = Math.min(1, done / total)
  const full = Math.round(share * BAR)
  const percent = `${Math.floor(share * 100)}`.padStart(3)
  return `  ${label} [${'█'.repeat(full)}${'░'.repeat(BAR - full)}] ${percent}%  ${done}/${total}`
}
