import { FaenaError } from '../core/errors.ts'
import type { ControlRequest } from '../supervisor/control.ts'
import { askSupervisor } from '../supervisor/control-client.ts'
import type { Setting } from './session.ts'
import { safe } from './style.ts'

/** Asks the supervisor of the configured data folder; what it says meanwhile is printed. NOT_FOUND where none runs. */
export async function supervised<T>({ configuration, output }: Setting, request: ControlRequest): Promise<T> {
  const { data } = configuration.settings
  const answer = await askSupervisor<T>(data, request, (line) => output.line(safe(line)))
  if (answer !== undefined) return answer.value
  throw new FaenaError(
    'NOT_FOUND',
    `No supervisor runs for the data folder ${data}; faena supervise starts one (FAENA_DATA names another folder)`,
  )
}
