/** Why a channel could not be told. Its text holds no secret: no address's path, no token, nothing of what was answered. */
export class NotTold extends Error {
  override readonly name = 'NotTold'
  /** No further attempt would help. */
  readonly final: boolean
  /** When the other side wishes to be asked again. */
  readonly retryAfterMs: number | null

  constructor(message: string, options: { final?: boolean; retryAfterMs?: number | null } = {}) {
    super(message)
    this.final = options.final ?? false
    this.retryAfterMs = options.retryAfterMs ?? null
  }
}
