export type { AuthOptions } from './guard.ts'
export type { Limits } from './limits.ts'
export { type ApiOptions, faenaApi } from './plugin.ts'
export { createServer, type ServerOptions } from './server.ts'
