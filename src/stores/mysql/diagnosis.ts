import type { Finding } from '../../store.ts'
import type { Context } from './context.ts'

export function diagnosing(_context: Context): () => Promise<Finding[]> {
  return async () => []
}
