import { describe, expect, test } from 'vitest'
import type { Service } from './service.ts'
import { supervisor } from './supervisor.ts'

const SERVICE: Service = {
  name: 'faena-work',
  processes: 2,
  command: ['/opt/node', '/srv/app/main.js', 'work', '--queue', ';a,#b;c'],
  folder: '/srv/50%;app#1',
  user: 'www-data',
  logFolder: '/var/log',
  stopSeconds: 35,
}

describe('what Supervisor would take for a comment', () => {
  test('is refused, whichever line holds it', () => {
    for (const wish of [
      { folder: '/srv/app ;old' },
      { folder: '/srv/app\u00a0#1' },
      { logFolder: '/var/log/a ;b' },
      { command: [...SERVICE.command, 'a ;b'] },
    ]) {
      expect(() => supervisor.files({ ...SERVICE, ...wish }), JSON.stringify(wish)).toThrow('behind a space')
    }
  })

  test('is not a ; or a # at the beginning or within a word', () => {
    const [{ text } = { text: '' }] = supervisor.files(SERVICE)
    expect(text).toContain('command=/opt/node /srv/app/main.js work --queue ";a,#b;c"\n')
    expect(text).toContain('directory=/srv/50%%;app#1\n')
  })
})
