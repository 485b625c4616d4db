/**
 * Ms between two signs of life in a stream of events. At each is asked whether whoever listens still may: short enough that a
 * token that was revoked is not listened with for long.
 */
export const BEAT_MS = 5_000
