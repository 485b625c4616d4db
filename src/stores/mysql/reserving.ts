import { isFaenaError } from '../../core/errors.ts'
import type { Reservation, ReserveRequest } from '../../store.ts'
import type { Context } from './context.ts'
import { reserveInOrder } from './reserve.ts'
import { reserveShared } from './reserve-shared.ts'

/** Takes due jobs, in the way that fits the table: Faena's own has an index to read in order, one of Laravel's has not. */
export function reserving(context: Context) {
  return async function reserve(request: ReserveRequest): Promise<Reservation> {
    try {
      const look = () => reserveFrom(context, request)
      const reservation = await context.polling.during(look, ({ jobs }) => jobs.length > 0)
      if (reservation.lost) {
        context.views.forget(request.worker)
        context.held.forget(request.worker)
      }
      return reservation
    } catch (error) {
      // The table may have been changed under us: look at it anew the next time.
      if (isFaenaError(error, 'MIGRATION_NEEDED')) context.shape.forget()
      throw error
    }
  }
}

async function reserveFrom(context: Context, request: ReserveRequest): Promise<Reservation> {
  const { ordered } = await context.shape.read()
  return ordered ? reserveInOrder(context, request) : reserveShared(context, request)
}
