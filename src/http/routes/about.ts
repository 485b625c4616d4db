import { type Static, Type } from 'typebox'
import { route, STREAMED } from '../route.ts'

export const getOpenapi = route({
  method: 'GET',
  path: '/openapi.json',
  operation: 'getOpenapi',
  role: 'public',
  group: 'About',
  summary: 'This description of the API: OpenAPI 3.1',
  data: Type.Unsafe<Static<ReturnType<typeof Type.Object>>>({ type: 'object', description: 'OpenAPI 3.1' }),
  stream: 'application/json',
  example: { openapi: '3.1.0' } as never,
  async carryOut({ reply, services }) {
    reply
      .header('content-type', 'application/json; charset=utf-8')
      .header('cache-control', 'no-cache')
      .send(services.openapi())
    return STREAMED
  },
})
