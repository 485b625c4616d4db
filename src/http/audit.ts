import type { FastifyRequest } from 'fastify'
import type { Admin } from '../client/admin.ts'
import { type ApiError, asApiError } from './errors.ts'
import type { Route } from './route.ts'

type Detail = Readonly<Record<string, unknown>>

/**
 * Writes down what is done through the API, and what was refused to somebody known. What changes something stands there before
 * it is done, and is not done where that cannot be written: a server that dies in between leaves an entry that it was begun.
 */
export class AuditTrail {
  readonly #admin: Pick<Admin, 'record' | 'recordBegin' | 'recordEnd'>

  constructor(admin: Pick<Admin, 'record' | 'recordBegin' | 'recordEnd'>) {
    this.#admin = admin
  }

  /** Carries `act` out between its two entries. What is done is done: that its end could not be written is for the log. */
  async around<Done extends { audit?: Detail }>(route: Route, request: FastifyRequest, act: () => Promise<Done>) {
    if (route.audited === undefined) return act()
    const id = await this.#admin.recordBegin(this.#entry(route.audited, request))
    try {
      const done = await act()
      await this.#end(request, id, 'done', done.audit ?? {})
      return done
    } catch (error) {
      await this.#end(request, id, ...refusalOf(error))
      // The one who answers writes no second entry.
      told.add(request)
      throw error
    }
  }

  /** For what is read, and for what nobody was known for before: written before the answer goes out. */
  async done(route: Route, request: FastifyRequest, detail: Detail): Promise<void> {
    if (route.audited === undefined) return
    await this.#admin.record({
      ...this.#entry(route.audited, request),
      outcome: 'done',
      detail: detailOf(request, detail),
    })
  }

  /** Never rejects: the refusal goes out either way. */
  async refused(route: Route, request: FastifyRequest, error: unknown): Promise<void> {
    if (request.faenaCaller === null || route.audited === undefined || told.has(request)) return
    const [outcome, detail] = refusalOf(error)
    try {
      await this.#admin.record({ ...this.#entry(route.audited, request), outcome, detail: detailOf(request, detail) })
    } catch (cause) {
      request.log.error({ err: cause }, 'the audit could not be written')
    }
  }

  async #end(request: FastifyRequest, id: number, outcome: 'done' | 'refused' | 'failed', detail: Detail) {
    try {
      await this.#admin.recordEnd(id, { outcome, detail: detailOf(request, detail) })
    } catch (cause) {
      request.log.error({ err: cause, entry: id }, 'the end of an entry of the audit could not be written')
    }
  }

  #entry({ action, target }: NonNullable<Route['audited']>, request: FastifyRequest) {
    const caller = request.faenaCaller
    return {
      subject: caller?.subject ?? '(nobody)',
      role: caller?.role ?? null,
      action,
      target: target?.(request.params as Record<string, string>).slice(0, 255) ?? null,
      // Of a proxy that is trusted and passes anything on, it may be any text.
      source: request.ip.slice(0, 255),
      // As an application around it makes them.
      requestId: String(request.id).slice(0, 255),
    }
  }
}

/** Requests whose refusal stands in the audit already. */
const told = new WeakSet<FastifyRequest>()

function refusalOf(error: unknown): ['refused' | 'failed', Detail] {
  const { status, code }: ApiError = asApiError(error)
  return [status >= 500 ? 'failed' : 'refused', { code }]
}

/** With the `jti` of the token that asked, where it has one: by it whoever reads the entry revokes the token. */
function detailOf({ faenaCaller }: FastifyRequest, given: Detail): string | null {
  const tokenId = faenaCaller?.tokenId ?? null
  const detail = tokenId === null ? given : { ...given, jti: tokenId }
  return Object.keys(detail).length === 0 ? null : JSON.stringify(detail)
}
