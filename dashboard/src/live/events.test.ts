import { expect, test } from 'vitest'
import { EventReader } from './events.ts'

test('events are the same however their bytes are cut', () => {
  const text =
    'retry: 3000\n\nid: k-1\nevent: counts\ndata: {"a":1}\n\n: beat\n\nid: k-2\nevent: failed\r\ndata: x\ndata: y\n\n'
  const whole = new EventReader().read(text)
  expect(whole).toEqual([
    { id: 'k-1', type: 'counts', data: '{"a":1}' },
    { id: 'k-2', type: 'failed', data: 'x\ny' },
  ])
  for (let size = 1; size < 20; size += 1) {
    const reader = new EventReader()
    const found = []
    for (let at = 0; at < text.length; at += size) found.push(...reader.read(text.slice(at, at + size)))
    expect(found).toEqual(whole)
  }
})

test('the id to go on from is that of the last event', () => {
  const reader = new EventReader()
  reader.read('id: k-7\ndata: 1\n\n: beat\n\n')
  expect(reader.lastId).toBe('k-7')
})

test('an event that is not ended yet is none', () => {
  expect(new EventReader().read('id: 1\nevent: counts\ndata: {}\n')).toEqual([])
})
