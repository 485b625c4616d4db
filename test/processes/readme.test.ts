import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, started } from './example.ts'

/**
 * The README says what to type and what one then sees; here it is typed. In a block below `<!-- run -->` a line is a
 * command, and each `# → …` below it is something that its output must hold, at once or after a few seconds.
 */
interface Command {
  text: string
  shows: string[]
}

const readme = readFileSync(join(root, 'README.md'), 'utf8')

describe('the example application with its workers', () => {
  const example = started()
  test.each(commands(readme, 'run'))('$text', async ({ text, shows }) => {
    await example.typeUntil(text, shows)
  })
})

describe('the example application with QUEUE_CONNECTION=sync', () => {
  const example = started({ QUEUE_CONNECTION: 'sync' })
  const typed = commands(readme, 'run with QUEUE_CONNECTION=sync')
  test.each(typed)('$text', async ({ text, shows }) => {
    await example.typeUntil(text, shows)
  })
})

test('the Spanish README has the same commands', () => {
  const spanish = readFileSync(join(root, 'README.es.md'), 'utf8')
  for (const label of ['run', 'run with QUEUE_CONNECTION=sync']) {
    expect(commands(spanish, label)).toEqual(commands(readme, label))
    expect(commands(readme, label).length).toBeGreaterThan(0)
  }
})

function commands(text: string, label: string): Command[] {
  const found: Command[] = []
  for (const [, block = ''] of text.matchAll(new RegExp(`<!-- ${label} -->\\n+\`\`\`sh\\n([\\s\\S]*?)\`\`\``, 'g'))) {
    for (const line of block.trim().split('\n')) {
      const fragment = /^# → (.+)$/.exec(line)?.[1]
      if (fragment !== undefined) found.at(-1)?.shows.push(fragment)
      else if (line !== '' && !line.startsWith('#')) found.push({ text: line, shows: [] })
    }
  }
  return found
}
