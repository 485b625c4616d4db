import type { FastifyRequest } from 'fastify'
import type { Admin } from '../client/admin.ts'
import { type ApiError, asApiError } from './errors.ts'
import type { Route } from './route.ts'

/** Writes down what was done through the API, and what was refused to somebody known. */
export class AuditTrail {
  readonly #admin: Pick<Admin, 'record'>

  constructor(admin: Pick<Admin, 'record'>) {
    this.#admin = admin
  }

  done(route: Route, request: FastifyRequest, detail: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#write(route, request, 'done', detail)
  }

  /** Never rejects: the refusal goes out either way. */
  async refused(route: Route, request: FastifyRequest, error: unknown): Promise<void> {
    if (request.faenaCaller === null) return
    const told: ApiError = asApiError(error)
    const outcome = told.status >= 500 ? 'failed' : 'refused'
    try {
      await this.#write(route, request, outcome, { code: told.code })
    } catch (cause) {
      request.log.error({ err: cause }, 'the audit could not be written')
    }
  }

  async #write(
    { audited }: Route,
    request: FastifyRequest,
    outcome: 'done' | 'refused' | 'failed',
    detail: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const caller = request.faenaCaller
    if (audited === undefined) return
    await this.#admin.record({
      subject: caller?.subject ?? '(nobody)',
      role: caller?.role ?? null,
      action: audited.action,
      target: audited.target?.(request.params as Record<string, string>).slice(0, 255) ?? null,
      outcome,
      source: request.ip,
      requestId: request.id,
      detail: Object.keys(detail).length === 0 ? null : JSON.stringify(detail),
    })
  }
}
