import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { cliReference } from '../scripts/cli-reference.ts'
import { defineJob } from '../src/core/job.ts'
import { writePayload } from '../src/core/payload.ts'

/** What the documentation says must be so: its code compiles against the source, its links lead somewhere, its languages agree. */
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const pages = globSync('{*.md,docs/**/*.md}', { cwd: root }).sort()
const read = (page: string) => readFileSync(join(root, page), 'utf8')

/** What blocks may use without saying so: the queue, an admin and the definitions of the README. */
const GIVEN = `
import type { Admin, Queue, Worker } from 'faena'
import type * as jobs from './README.md/jobs.ts'
declare global {
  const admin: Admin
  const queue: Queue
  const worker: Worker
  const fetchCase: typeof jobs.fetchCase
  const caseId: number
}
`

test('every block of TypeScript compiles', () => {
  const folder = join(root, '.faena/docs-check')
  rmSync(folder, { recursive: true, force: true })
  const readme = blocksOf(read('README.md')).filter(({ name }) => /^(jobs|handlers)\.ts$/.test(name))
  for (const page of pages) writeBlocks(join(folder, page), [...readme, ...blocksOf(read(page))])
  writeFileSync(join(folder, 'given.ts'), GIVEN)
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: {
        noUnusedLocals: false,
        noUnusedParameters: false,
        paths: {
          faena: ['../../src/index.ts'],
          'faena/testing': ['../../src/testing/index.ts'],
          'faena/http': ['../../src/http/index.ts'],
          'faena/otel': ['../../src/otel/index.ts'],
          'faena/api': ['../../src/api/index.ts'],
          'faena/sqlite': ['../../src/stores/sqlite/store.ts'],
          'faena/postgres': ['../../src/stores/postgres/store.ts'],
          'faena/mysql': ['../../src/stores/mysql/store.ts'],
        },
      },
      include: ['**/*.ts'],
    }),
  )
  expect(compile(folder)).toBe('')
})

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
function blocksOf(text: string): { name: string; code: string }[] {
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code], at) => ({
    name: /^\/\/ ([\w.-]+\.ts)\b/.exec(code!)?.[1] ?? `block-${at + 1}.ts`,
    code: code!,
  }))
}

/** A page's own files go before those of the README. */
function writeBlocks(folder: string, blocks: readonly { name: string; code: string }[]) {
  mkdirSync(folder, { recursive: true })
  for (const { name, code } of blocks) {
    writeFileSync(join(folder, name), /^(import|export)\b/m.test(code) ? code : `${code}\nexport {}\n`)
  }
}

function compile(folder: string): string {
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '-p', folder], {
      encoding: 'utf8',
      cwd: folder,
    })
    return ''
  } catch (error) {
    // What is wrong in src itself, check:types says.
    const lines = (error as { stdout: string }).stdout.split('\n')
    return lines.filter((line) => /^[^ .]/.test(line)).join('\n')
  }
}

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
