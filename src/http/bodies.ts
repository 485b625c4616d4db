import type { FastifyInstance } from 'fastify'
import { ApiError } from './errors.ts'

/** Keys that would reach an object's prototype where somebody copies objects carelessly. */
const POISONED = /"(?:__proto__|constructor|prototype)"\s*:|\\u00[0-9a-f]{2}/i

const DEEPEST = 32

/**
 * Bodies are JSON, whatever is mounted around. An empty body is no body, also with a content type: that is how old clients
 * send a POST that has nothing to say.
 */
export function readBodies(instance: FastifyInstance): void {
  instance.removeAllContentTypeParsers()
  const asText = { parseAs: 'string' as const }
  instance.addContentTypeParser(/^application\/(?:[\w.-]+\+)?json\b/i, asText, (_request, text, done) => {
    try {
      done(null, jsonOf(text as string))
    } catch (error) {
      done(error as Error)
    }
  })
  instance.addContentTypeParser('*', asText, (_request, text, done) => {
    if ((text as string).trim() === '') done(null, undefined)
    else done(new ApiError('UNSUPPORTED_MEDIA_TYPE', 'The body must be JSON: Content-Type: application/json'))
  })
}

function jsonOf(text: string): unknown {
  const bare = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  if (bare.trim() === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(bare)
  } catch (cause) {
    throw new ApiError('BAD_JSON', 'The body is not JSON', { cause })
  }
  if (POISONED.test(bare)) refusePoison(value, 0)
  if (depthOf(bare) > DEEPEST) throw new ApiError('BAD_JSON', `The body is nested deeper than ${DEEPEST} levels`)
  return value
}

/** `constructor` alone may be an ordinary key; with a `prototype` inside it is none. */
function refusePoison(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return
  for (const [key, inner] of Object.entries(value)) {
    const poisons =
      key === '__proto__' ||
      (key === 'constructor' && typeof inner === 'object' && inner !== null && Object.hasOwn(inner, 'prototype'))
    if (poisons) throw new ApiError('BAD_JSON', `The body has a key that is not allowed: ${key}`)
    refusePoison(inner, depth + 1)
  }
}

/** How deep brackets open, those inside texts left out. */
function depthOf(text: string): number {
  let [depth, deepest, inText] = [0, 0, false]
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]
    if (inText) {
      if (letter === '\\') at += 1
      else if (letter === '"') inText = false
    } else if (letter === '"') inText = true
    else if (letter === '{' || letter === '[') deepest = Math.max(deepest, ++depth)
    else if (letter === '}' || letter === ']') depth -= 1
  }
  return deepest
}
