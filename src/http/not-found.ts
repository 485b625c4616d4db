import { ApiError } from './errors.ts'
import { methodsFor } from './routes.ts'

/** Why there is nothing at this address: no such route, or not for this method. */
export function notFound(url: string, prefix: string): ApiError {
  const methods = methodsFor(url, prefix)
  if (methods.length === 0) return new ApiError('ROUTE_NOT_FOUND', 'There is no such route')
  const known = methods.join(', ')
  return new ApiError('METHOD_NOT_ALLOWED', `This route knows ${known}`, { headers: { allow: known } })
}
