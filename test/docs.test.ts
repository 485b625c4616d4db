import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { cliReference } from '../scripts/cli-reference.ts'
import { defineJob } from '../src/core/job.ts'
import { writePayload } from '../src/core/payload.ts'

/** What the documentation says must be so: its links lead somewhere, its languages agree. */
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const pages = globSync('{*.md,docs/**/*.md}', { cwd: root }).sort()
const read = (page: string) => readFileSync(join(root, page), 'utf8')

test('the reference of commands is what --help says', async () => {
  expect(await cliReference()).toBe(read('docs/reference/cli.md'))
})

test('the payload in the reference is the one that is written', () => {
  const job = defineJob({ name: 'orders.sync', input: z.unknown(), tries: 3, timeout: '10s', backoff: '1s' })
  const shown = /```json\n([\s\S]*?)```/.exec(read('docs/reference/payload.md'))?.[1] ?? ''
  const { uuid, data, faena } = JSON.parse(shown)
  const { at: now, tags, unique } = faena
  const written = writePayload(job, { uuid, now, delayMs: 0, data: JSON.stringify(data), tags, unique })
  expect(written).toBe(JSON.stringify(JSON.parse(shown)))
})

test('every link within the documentation leads to a file', () => {
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)/g)]
      .filter(([, target]) => !existsSync(join(root, dirname(page), target!)))
      .map(([, target]) => `${page}: ${target}`),
  )
  expect(broken).toEqual([])
})

test('every page of the guide has its Spanish page with the same code', () => {
  const guide = globSync('docs/guide/*.md', { cwd: root }).map((page) => page.slice('docs/guide/'.length))
  for (const page of guide) {
    const [english, spanish] = [read(`docs/guide/${page}`), read(`docs/es/${page}`)]
    expect({ page, blocks: codeOf(spanish) }).toEqual({ page, blocks: codeOf(english) })
  }
})

test('no page names a machine path or a word of another queue for ours', () => {
  for (const page of pages)
    expect(`${page}: ${/\/(work|home|root|tmp)\/\w+/.exec(read(page))?.[0]}`).toBe(`${page}: undefined`)
})

/** Blocks of TypeScript, each with the name that its first line gives it. */
/** Blocks of code without their comments, which are in the page's language. */
function codeOf(text: string): string[] {
  return [...text.matchAll(/^```\w+\n([\s\S]*?)^```/gm)].map(([, code]) =>
    code!
      .split('\n')
      .map((line) => line.replace(/\s*(\/\/|#|--) .*$/, '').trimEnd())
      .filter((line) => line !== '')
      .join('\n'),
  )
}
