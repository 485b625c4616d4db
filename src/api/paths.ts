/** Made from docs/reference/openapi.json by `npm run openapi`; what is changed by hand is lost. */
// biome-ignore-all format: made by a script

export interface Failure { success: false; message: string; code: "BAD_ARGUMENT" | "BAD_SCHEDULE" | "BAD_JSON" | "BAD_REQUEST" | "UNAUTHENTICATED" | "TOKEN_EXPIRED" | "TOKEN_REVOKED" | "BAD_CREDENTIALS" | "FORBIDDEN" | "CROSS_SITE_REQUEST" | "ROUTE_NOT_FOUND" | "JOB_NOT_FOUND" | "FAILED_JOB_NOT_FOUND" | "NOT_FOUND" | "UNKNOWN_JOB" | "METHOD_NOT_ALLOWED" | "NOT_ACCEPTABLE" | "REQUEST_TIMED_OUT" | "UNIQUE_KEY_TAKEN" | "DUPLICATE_UUID" | "CONFLICT" | "IDEMPOTENCY_KEY_IN_USE" | "PAYLOAD_TOO_LARGE" | "URI_TOO_LONG" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_INPUT" | "IDEMPOTENCY_KEY_REUSED" | "RATE_LIMITED" | "HEADERS_TOO_LARGE" | "INTERNAL" | "UNSUPPORTED" | "STORE_UNAVAILABLE" | "READ_TIMED_OUT" | "KEYS_UNAVAILABLE"; status: number; type: string; title: string; detail?: string; instance: string; requestId: string; errors?: ({ path: string; message: string })[] }

interface Refusal { headers: { [name: string]: unknown }; content: { 'application/json': Failure } }

export interface paths {
  '/api/v1/queue/status': {
    /** State of all queues */
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { pending_jobs: ({ queue: string; count: number })[]; reserved_jobs: ({ queue: string; count: number })[]; failed_jobs_count: number; oldest_pending_age_seconds: number | null; oldest_pending_job: { queue: string; created_at: number; available_at: number } | null; timestamp: string; delayed_jobs: ({ queue: string; count: number })[] } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/jobs': {
    /** Pending and reserved jobs, newest first unless asked otherwise */
    get: { parameters: { query?: { 'status'?: "pending" | "reserved" | "all"; 'queue'?: string; 'job_class'?: string; 'q'?: string; 'from'?: number | string; 'to'?: number | string; 'order'?: "newest" | "oldest"; 'cursor'?: string; 'limit'?: number }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { jobs: ({ id: number | string; queue: string; attempts: number; max_attempts: number; job_class: string; created_at_human: string; available_at_human: string; reserved_at_human: string | null; age_seconds: number; priority: number; status: "due" | "delayed" | "reserved"; uuid: string | null; name: string | null; tags: (string)[]; [key: string]: unknown })[]; count: number; filters: { queue: string | null; status: "pending" | "reserved" | "all"; limit: number }; next_cursor: string | null; partial: boolean } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    /** Dispatch a job by its name */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string }; path?: never; cookie?: never }; requestBody: { content: { 'application/json': { name: string; input?: unknown; queue?: string; delay_seconds?: number; available_at?: number | string; priority?: number; unique?: string; tags?: (string)[] } } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { outcome: "dispatched" | "skipped" | "replaced" | "pushedBack"; uuid: string; id: number | null } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 501: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/failed': {
    /** Failed jobs, newest first unless asked otherwise */
    get: { parameters: { query?: { 'queue'?: string; 'error'?: string; 'job_class'?: string; 'q'?: string; 'from'?: number | string; 'to'?: number | string; 'order'?: "newest" | "oldest"; 'cursor'?: string; 'limit'?: number }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { failed_jobs: ({ id: number | string; queue: string; job_class: string; exception_short: string; failed_at: string; fingerprint: string | null; uuid: string | null; name: string | null; tags: (string)[]; [key: string]: unknown })[]; count: number; next_cursor: string | null; partial: boolean } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/retry/{id}': {
    get?: never
    put?: never
    /** Bring a failed job back to its queue */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string }; path: { 'id': string }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { queue: string; failed_at: string } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 409: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/retry-all-failed': {
    get?: never
    put?: never
    /** Bring all failed jobs back, or those that match */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string; 'Prefer'?: string }; path?: never; cookie?: never }; requestBody?: { content: { 'application/json': { queue?: string; job_class?: string; error?: string; ids?: (number | string)[]; q?: string; fields?: { [key: string]: unknown }; failed_after?: number | string; failed_before?: number | string; rate_per_second?: number } } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { retried_count: number; skipped_count: number } } } }; 202: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { operation: { id: number; kind: "retry" | "forget"; state: "pending" | "running" | "done" | "cancelled" | "failed"; narrowing: { [key: string]: unknown }; total: number | null; done: number; changed: number; skipped: number; rate_per_second: number | null; subject: string; error: string | null; created_at: string; started_at: string | null; ended_at: string | null } } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/jobs/{id}': {
    /** Everything known of one pending or reserved job */
    get: { parameters: { query?: { 'unmasked'?: boolean }; header?: never; path: { 'id': string }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { id: number | string; queue: string; attempts: number; max_attempts: number; job_class: string; created_at_human: string; available_at_human: string; reserved_at_human: string | null; age_seconds: number; priority: number; status: "due" | "delayed" | "reserved"; uuid: string | null; name: string | null; tags: (string)[]; payload: unknown; payload_kind: "json" | "serialized" | "encrypted" | "unreadable" | "corrupt"; masked: boolean; runs: ({ attempt: number; outcome: string; worker: number; started_at_human: string; ended_at_human: string | null; duration_ms: number | null; headline: string | null; progress: number | null; note: string | null; log: (string)[]; result: unknown })[]; reserved_by: number | null; max_exceptions: number | null; timeout_ms: number | null; retry_until_human: string | null; unique_key: string | null; [key: string]: unknown } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 414: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    /** Delete a pending or reserved job */
    delete: { parameters: { query?: never; header?: never; path: { 'id': string }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { queue: string; attempts: number } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    options?: never
    head?: never
    /** Alter a pending job: when it is due, its priority, its queue */
    patch: { parameters: { query?: never; header?: never; path: { 'id': string }; cookie?: never }; requestBody: { content: { 'application/json': { delay_seconds?: number; available_at?: number | string; priority?: number; queue?: string } } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { changed: number } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 409: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    trace?: never
  }
  '/api/v1/queue/failed/{id}': {
    /** Everything known of one failed job, with its exception in full */
    get: { parameters: { query?: { 'unmasked'?: boolean }; header?: never; path: { 'id': string }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { id: number | string; queue: string; job_class: string; exception_short: string; failed_at: string; fingerprint: string | null; uuid: string | null; name: string | null; tags: (string)[]; payload: unknown; payload_kind: "json" | "serialized" | "encrypted" | "unreadable" | "corrupt"; masked: boolean; runs: ({ attempt: number; outcome: string; worker: number; started_at_human: string; ended_at_human: string | null; duration_ms: number | null; headline: string | null; progress: number | null; note: string | null; log: (string)[]; result: unknown })[]; connection: string; headline: string; exception: string; [key: string]: unknown } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 414: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    /** Delete a failed job for good */
    delete: { parameters: { query?: never; header?: never; path: { 'id': string }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { queue: string; failed_at: string } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/clear-failed': {
    get?: never
    put?: never
    /** Delete all failed jobs for good, or those that match */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string; 'Prefer'?: string }; path?: never; cookie?: never }; requestBody?: { content: { 'application/json': { queue?: string; job_class?: string; error?: string; ids?: (number | string)[]; q?: string; fields?: { [key: string]: unknown }; failed_after?: number | string; failed_before?: number | string; rate_per_second?: number } } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { deleted_count: number } } } }; 202: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { operation: { id: number; kind: "retry" | "forget"; state: "pending" | "running" | "done" | "cancelled" | "failed"; narrowing: { [key: string]: unknown }; total: number | null; done: number; changed: number; skipped: number; rate_per_second: number | null; subject: string; error: string | null; created_at: string; started_at: string | null; ended_at: string | null } } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/jobs/{id}/why': {
    /** Why a job does not run, or where it is */
    get: { parameters: { query?: never; header?: never; path: { 'id': string }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { state: "due" | "delayed" | "reserved" | "failed" | "gone"; reasons: ({ code: string; text: string })[] } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 414: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/jobs/{id}/run-now': {
    get?: never
    put?: never
    /** Make a delayed job due */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string }; path: { 'id': string }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { changed: number } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 409: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/failed/groups': {
    /** Failed jobs by what they have in common, most first */
    get: { parameters: { query?: { 'queue'?: string; 'job_class'?: string; 'error'?: string; 'from'?: number | string; 'to'?: number | string; 'limit'?: number }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { groups: ({ fingerprint: string; name: string | null; headline: string; count: number; first_at: string; last_at: string; sample: string })[]; count: number } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/failed/histogram': {
    /** How many jobs failed, step by step of time */
    get: { parameters: { query?: { 'from'?: number | string; 'to'?: number | string; 'step'?: number }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { step_seconds: number; steps: ({ at: string; count: number })[] } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/failed/export': {
    /** All failed jobs that fit, as a file; secrets masked */
    get: { parameters: { query?: { 'format'?: "jsonl" | "csv"; 'queue'?: string; 'error'?: string; 'job_class'?: string; 'q'?: string; 'from'?: number | string; 'to'?: number | string }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/x-ndjson': string } }; 400: Refusal; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/queues': {
    /** All queues: what waits and runs, who serves them, whether they are paused */
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { queues: ({ queue: string; due: number; delayed: number; reserved: number; workers: number; paused_at: string | null; pause_reason: string | null })[]; count: number } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/queues/{name}/pause': {
    get?: never
    put?: never
    /** Let no more jobs of a queue start */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string }; path: { 'name': string }; cookie?: never }; requestBody?: { content: { 'application/json': { reason?: string } } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { queue: string } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 409: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/queues/{name}/resume': {
    get?: never
    put?: never
    /** End a pause */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string }; path: { 'name': string }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { queue: string } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 409: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/queues/{name}/clear': {
    get?: never
    put?: never
    /** Delete all pending, delayed and reserved jobs of a queue */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string }; path: { 'name': string }; cookie?: never }; requestBody: { content: { 'application/json': { queue: string } } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { deleted_count: number } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 409: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/workers': {
    /** Live workers */
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { workers: ({ id: number; name: string; host: string; pid: number; version: string; queues: (string)[]; job_names: (string)[] | null; concurrency: number; running: number; memory_bytes: number; state: "running" | "quiet" | "stopping"; started_at: string; beat_at: string; lease_until: string })[]; count: number } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/workers/restart': {
    get?: never
    put?: never
    /** Let all workers end after their jobs and start anew */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string }; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { workers: number } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/workers/{id}/quiet': {
    get?: never
    put?: never
    /** Let a worker finish what it has and take no more */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string }; path: { 'id': string }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { workers: number } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 409: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/schedules': {
    /** What is dispatched again and again */
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { schedules: ({ key: string; job: string; queue: string; input: unknown; cron: string | null; zone: string | null; every_ms: number | null; missed: "skip" | "once" | "all"; overlap: "allow" | "skip"; origin: "config" | "api"; paused_at: string | null; next_at: string | null; next_runs: (string)[]; last_at: string | null; last_uuid: string | null })[]; count: number } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/schedules/{key}/pause': {
    get?: never
    put?: never
    /** Let a schedule dispatch no more */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string }; path: { 'key': string }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { key: string } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 409: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/schedules/{key}/resume': {
    get?: never
    put?: never
    /** End a schedule's pause */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string }; path: { 'key': string }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { key: string } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 409: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/schedules/{key}/run': {
    get?: never
    put?: never
    /** Dispatch a schedule's job now, besides its times */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string }; path: { 'key': string }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { key: string; uuid: string } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 409: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/runs': {
    /** Recent attempts, newest first */
    get: { parameters: { query?: { 'uuid'?: string; 'name'?: string; 'queue'?: string; 'outcome'?: "completed" | "retry" | "failed" | "released" | "cancelled" | "running" | "crashed"; 'cursor'?: string; 'limit'?: number }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { runs: ({ uuid: string; name: string; queue: string; attempt: number; worker: number; outcome: "completed" | "retry" | "failed" | "released" | "cancelled" | "running" | "crashed"; started_at: string; ended_at: string | null; duration_ms: number | null; headline: string | null; progress: number | null; note: string | null; log: (string)[]; result: unknown })[]; count: number; next_cursor: string | null } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/metrics': {
    /** What attempts came to, step by step of time */
    get: { parameters: { query?: { 'from'?: number | string; 'to'?: number | string; 'step'?: number; 'queue'?: string; 'name'?: string }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { step_seconds: number; bounds_ms: (number)[]; points: ({ at: string; queue: string; name: string; dispatched: number; started: number; completed: number; failed: number; retried: number; released: number; cancelled: number; wait_ms: number; run_ms: number; wait_counts: (number)[]; run_counts: (number)[] })[] } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/events': {
    /** What happens, as it happens: server-sent events */
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'text/event-stream': string } }; 400: Refusal; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/audit': {
    /** Who did what, newest first */
    get: { parameters: { query?: { 'subject'?: string; 'action'?: string; 'target'?: string; 'from'?: number | string; 'to'?: number | string; 'cursor'?: string; 'limit'?: number }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { entries: ({ id: number; at: string; subject: string; role: string | null; action: string; target: string | null; outcome: "done" | "refused" | "failed" | "begun"; source: string | null; request_id: string | null; detail: unknown })[]; count: number; next_cursor: string | null } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/operations': {
    /** Bulk actions that outlive their request, newest first */
    get: { parameters: { query?: { 'state'?: "pending" | "running" | "done" | "cancelled" | "failed"; 'cursor'?: string; 'limit'?: number }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { operations: ({ id: number; kind: "retry" | "forget"; state: "pending" | "running" | "done" | "cancelled" | "failed"; narrowing: { [key: string]: unknown }; total: number | null; done: number; changed: number; skipped: number; rate_per_second: number | null; subject: string; error: string | null; created_at: string; started_at: string | null; ended_at: string | null })[]; count: number; next_cursor: string | null } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/operations/{id}': {
    /** How far a bulk action is */
    get: { parameters: { query?: never; header?: never; path: { 'id': string }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { id: number; kind: "retry" | "forget"; state: "pending" | "running" | "done" | "cancelled" | "failed"; narrowing: { [key: string]: unknown }; total: number | null; done: number; changed: number; skipped: number; rate_per_second: number | null; subject: string; error: string | null; created_at: string; started_at: string | null; ended_at: string | null } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 414: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    /** End a bulk action; what is done stays done */
    delete: { parameters: { query?: never; header?: never; path: { 'id': string }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { id: number; kind: "retry" | "forget"; state: "pending" | "running" | "done" | "cancelled" | "failed"; narrowing: { [key: string]: unknown }; total: number | null; done: number; changed: number; skipped: number; rate_per_second: number | null; subject: string; error: string | null; created_at: string; started_at: string | null; ended_at: string | null } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 409: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/alerts': {
    /** What is wrong, or was, newest first */
    get: { parameters: { query?: { 'state'?: "open" | "resolved"; 'rule'?: "failed" | "waiting" | "workers" | "rate" | "schedule"; 'cursor'?: string; 'limit'?: number }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { alerts: ({ id: number; key: string; rule: "failed" | "waiting" | "workers" | "rate" | "schedule"; subject: string; state: "open" | "resolved"; count: number; detail: { headline?: string; queue?: string; failed_id?: number; jobs?: number; age_seconds?: number; limit_seconds?: number; failures?: number; attempts?: number; share?: number; due_at?: string; passed_over?: boolean; [key: string]: unknown }; opened_at: string; last_at: string; resolved_at: string | null; told_at: string | null; muted: boolean; muted_until: string | null; muted_by: string | null; acknowledged_at: string | null; acknowledged_by: string | null })[]; count: number; channels: ({ name: string; type: "email" | "slack" | "teams" | "discord" | "telegram" | "webhook" | "function"; rules: ("failed" | "waiting" | "workers" | "rate" | "schedule")[]; language: "en" | "es" })[]; next_cursor: string | null } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/alerts/{id}/mute': {
    get?: never
    put?: never
    /** Tell nobody of an alert for a while */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string }; path: { 'id': number }; cookie?: never }; requestBody?: { content: { 'application/json': { seconds?: number; reason?: string } } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { id: number; key: string; rule: "failed" | "waiting" | "workers" | "rate" | "schedule"; subject: string; state: "open" | "resolved"; count: number; detail: { headline?: string; queue?: string; failed_id?: number; jobs?: number; age_seconds?: number; limit_seconds?: number; failures?: number; attempts?: number; share?: number; due_at?: string; passed_over?: boolean; [key: string]: unknown }; opened_at: string; last_at: string; resolved_at: string | null; told_at: string | null; muted: boolean; muted_until: string | null; muted_by: string | null; acknowledged_at: string | null; acknowledged_by: string | null } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 409: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/alerts/{id}/unmute': {
    get?: never
    put?: never
    /** End an alert's mute */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string }; path: { 'id': number }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { id: number; key: string; rule: "failed" | "waiting" | "workers" | "rate" | "schedule"; subject: string; state: "open" | "resolved"; count: number; detail: { headline?: string; queue?: string; failed_id?: number; jobs?: number; age_seconds?: number; limit_seconds?: number; failures?: number; attempts?: number; share?: number; due_at?: string; passed_over?: boolean; [key: string]: unknown }; opened_at: string; last_at: string; resolved_at: string | null; told_at: string | null; muted: boolean; muted_until: string | null; muted_by: string | null; acknowledged_at: string | null; acknowledged_by: string | null } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 409: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/alerts/{id}/acknowledge': {
    get?: never
    put?: never
    /** Say that you see to an alert: nothing more is told of it until it is over */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string }; path: { 'id': number }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { id: number; key: string; rule: "failed" | "waiting" | "workers" | "rate" | "schedule"; subject: string; state: "open" | "resolved"; count: number; detail: { headline?: string; queue?: string; failed_id?: number; jobs?: number; age_seconds?: number; limit_seconds?: number; failures?: number; attempts?: number; share?: number; due_at?: string; passed_over?: boolean; [key: string]: unknown }; opened_at: string; last_at: string; resolved_at: string | null; told_at: string | null; muted: boolean; muted_until: string | null; muted_by: string | null; acknowledged_at: string | null; acknowledged_by: string | null } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 409: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/alerts/channels/{name}/test': {
    get?: never
    put?: never
    /** Tell a channel that nothing is wrong, to see whether it works */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string }; path: { 'name': string }; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { channel: string; delivered: boolean; ms: number; error: string | null } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 404: Refusal; 409: Refusal; 413: Refusal; 414: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/login': {
    get?: never
    put?: never
    /** Begin a session of the panel */
    post: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody: { content: { 'application/json': { name: string; password: string } } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { subject: string; role: "viewer" | "operator" | "admin"; via: "token" | "session"; until: string; fields: (string)[] } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/login/link': {
    get?: never
    put?: never
    /** Begin a session of the panel with the code of a sign-in link */
    post: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody: { content: { 'application/json': { code: string } } }; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { subject: string; role: "viewer" | "operator" | "admin"; via: "token" | "session"; until: string; fields: (string)[] } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 501: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/logout': {
    get?: never
    put?: never
    /** End the session, or let the token that asks count no more */
    post: { parameters: { query?: never; header?: { 'Idempotency-Key'?: string }; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; message: string; data: { subject: string } } } }; 400: Refusal; 401: Refusal; 403: Refusal; 409: Refusal; 413: Refusal; 415: Refusal; 422: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/me': {
    /** Who asks, and what he may do */
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { subject: string; role: "viewer" | "operator" | "admin"; via: "token" | "session"; until: string; fields: (string)[] } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/openapi.json': {
    /** This description of the API: OpenAPI 3.1 */
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { [key: string]: unknown } } }; 400: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/reference': {
    /** This description as a page to read, and to try requests from */
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'text/html': string } }; 400: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/queue/settings': {
    /** What the server is configured with, and where each setting comes from */
    get: { parameters: { query?: never; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { 'application/json': { success: true; data: { version: string; settings: ({ name: string; shown: string; source: string })[] } } } }; 304: { headers: { [name: string]: unknown }; content?: never }; 400: Refusal; 401: Refusal; 403: Refusal; 429: Refusal; 500: Refusal; 503: Refusal } }
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
}
