import { Readable } from 'node:stream'
import type { preParsingHookHandler } from 'fastify'

/**
 * Where the application around has read a body before (Express and Nest parse them by the way), it is read again from what
 * they made of it: a stream that has ended would be waited for without end.
 */
export const readAgain: preParsingHookHandler = (request, _reply, payload, done) => {
  const { raw } = request
  if (!raw.readableDidRead) {
    done(null, payload)
    return
  }
  const { body } = raw as { body?: unknown }
  const again = Readable.from([bytesOf(body)], { objectMode: false })
  // So many bytes came, however many it is written with now.
  const length = Number(request.headers['content-length'])
  done(null, Object.assign(again, Number.isNaN(length) || body === undefined ? {} : { receivedEncodedLength: length }))
}

function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : (JSON.stringify(body) ?? ''))
}
