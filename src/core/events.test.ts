import { expect, test } from 'vitest'
import { Events } from './events.ts'

interface Happened extends Record<string, unknown> {
  ended: { uuid: string }
  error: Error
}

test('listeners are told in order, until they are taken away', () => {
  const events = new Events<Happened>()
  const heard: string[] = []
  const off = events.on('ended', ({ uuid }) => heard.push(`first ${uuid}`))
  events.on('ended', ({ uuid }) => heard.push(`second ${uuid}`))
  events.emit('ended', { uuid: 'a' })
  off()
  events.emit('ended', { uuid: 'b' })
  expect(heard).toEqual(['first a', 'second a', 'second b'])
})

test('a listener that throws or rejects breaks neither who told it nor the other listeners', async () => {
  const errors = Promise.withResolvers<unknown[]>()
  const caught: unknown[] = []
  const events = new Events<Happened>((error) => {
    caught.push(error)
    if (caught.length === 2) errors.resolve(caught)
  })
  const heard: string[] = []
  events.on('ended', () => {
    throw new Error('thrown')
  })
  events.on('ended', async () => {
    throw new Error('rejected')
  })
  events.on('ended', ({ uuid }) => heard.push(uuid))
  events.emit('ended', { uuid: 'a' })
  expect(heard).toEqual(['a'])
  expect(await errors.promise).toMatchObject([{ message: 'thrown' }, { message: 'rejected' }])
})

test('an event called error that nobody listens to is no error', () => {
  const events = new Events<Happened>()
  expect(() => events.emit('error', new Error('unheard'))).not.toThrow()
})

test('once resolves with the next event and leaves no listener behind', async () => {
  const events = new Events<Happened>()
  const next = events.once('ended')
  expect(events.heard('ended')).toBe(true)
  events.emit('ended', { uuid: 'a' })
  events.emit('ended', { uuid: 'b' })
  expect(await next).toEqual({ uuid: 'a' })
  expect(events.heard('ended')).toBe(false)
})
