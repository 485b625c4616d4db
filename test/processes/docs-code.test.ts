import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
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

test('every block of TypeScript in the documentation compiles', () => {
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
