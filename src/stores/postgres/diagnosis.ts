import type { Finding } from '../../store.ts'
import type { Context } from './context.ts'
import type { Wakeup } from './wakeup.ts'

export function diagnosing(_context: Context, _wakeup: Wakeup): () => Promise<Finding[]> {
  return async () => []
}
