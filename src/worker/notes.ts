const LONGEST_LINE = 2_000
const MOST_LINES = 200

export type NoteChange = { kind: 'line'; line: string } | { kind: 'progress'; percent: number; note?: string }

/** What a handler says while it runs: its progress and its log lines, bounded. */
export class Notes {
  progress: number | null = null
  note: string | null = null
  /** Changed since the recorder last took it. */
  changed = false
  /** Told of changes; how a handler in another thread or process reaches the worker. */
  relay: ((change: NoteChange) => void) | null = null
  readonly #lines: string[] = []
  #cut = 0

  setProgress(percent: number, note?: string): void {
    const number = Number(percent)
    const before = Math.floor(this.progress ?? -1)
    this.progress = Number.isFinite(number) ? Math.min(100, Math.max(0, number)) : null
    if (note !== undefined) this.note = shortened(String(note))
    this.changed = true
    // Whole percents are enough for people; a loop that reports each step would drown the worker in messages.
    if (note !== undefined || Math.floor(this.progress ?? -1) !== before) {
      this.relay?.({ kind: 'progress', percent: number, note })
    }
  }

  /** The line as it is kept; undefined where there are too many already. */
  addLine(line: string): string | undefined {
    this.changed = true
    if (this.#lines.length >= MOST_LINES) {
      // One more is told, so that the other side knows that lines were cut.
      if (this.#cut++ === 0) this.relay?.({ kind: 'line', line: '' })
      return undefined
    }
    const kept = shortened(String(line))
    this.#lines.push(kept)
    this.relay?.({ kind: 'line', line: kept })
    return kept
  }

  get lines(): readonly string[] {
    return this.#cut === 0 ? this.#lines : [...this.#lines, '… (more lines were cut)']
  }
}

function shortened(text: string): string {
  const plain = text.replaceAll('\u0000', '')
  return plain.length > LONGEST_LINE ? `${plain.slice(0, LONGEST_LINE)}… (cut)` : plain
}
