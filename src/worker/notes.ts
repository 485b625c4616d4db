const LONGEST_LINE = 2_000
const MOST_LINES = 200

/** What a handler says while it runs: its progress and its log lines, bounded. */
export class Notes {
  progress: number | null = null
  note: string | null = null
  /** Changed since the recorder last took it. */
  changed = false
  /** Told of every change; how a handler in another thread or process reaches the worker. */
  relay: ((notes: Notes) => void) | null = null
  readonly #lines: string[] = []
  #cut = 0

  setProgress(percent: number, note?: string): void {
    const number = Number(percent)
    this.progress = Number.isFinite(number) ? Math.min(100, Math.max(0, number)) : null
    if (note !== undefined) this.note = shortened(String(note))
    this.#touch()
  }

  addLine(line: string): void {
    if (this.#lines.length < MOST_LINES) this.#lines.push(shortened(String(line)))
    else this.#cut++
    this.#touch()
  }

  get lines(): readonly string[] {
    return this.#cut === 0 ? this.#lines : [...this.#lines, `… (${this.#cut} more lines were cut)`]
  }

  #touch(): void {
    this.changed = true
    this.relay?.(this)
  }
}

function shortened(text: string): string {
  const plain = text.replaceAll('\u0000', '')
  return plain.length > LONGEST_LINE ? `${plain.slice(0, LONGEST_LINE)}… (cut)` : plain
}
