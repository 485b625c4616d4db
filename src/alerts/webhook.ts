import { createHmac } from 'node:crypto'

/**
 * The headers by which a receiver knows who sent a body, as Standard Webhooks has it: an HMAC over id, time and body. The id
 * is the notice's, the same with each attempt; the time is this attempt's.
 */
export function signedHeaders(secret: string, id: string, body: string, now = Date.now()): Record<string, string> {
  const timestamp = String(Math.floor(now / 1_000))
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}
