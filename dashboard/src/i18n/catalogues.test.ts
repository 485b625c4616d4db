import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { en } from './en/index.ts'
import { es } from './es/index.ts'

type Tree = { [key: string]: string | Tree }

/** Every text by its path. */
function texts(tree: Tree, path: readonly string[] = []): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[[...path, key].join('.'), value] as [string, string]] : texts(value, [...path, key]),
  )
}

const PLURAL = /_(zero|one|two|few|many|other)$/
const spanish = texts(es as unknown as Tree)
const english = texts(en as unknown as Tree)
/** Keys as they are asked for: the forms of a plural are one. */
const asked = (found: [string, string][]) => [...new Set(found.map(([key]) => key.replace(PLURAL, '')))].sort()
const placeholders = (text: string) => [...new Set([...text.matchAll(/\{\{\s*(\w+)/g)].map(([, name]) => name))].sort()

test('both catalogues have the same keys', () => {
  expect(asked(spanish)).toEqual(asked(english))
})

test.each([
  ['es', spanish],
  ['en', english],
] as const)('the catalogue of %s has every plural form that its language knows', (language, found) => {
  const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories.toSorted()
  const plurals = new Set(found.filter(([key]) => PLURAL.test(key)).map(([key]) => key.replace(PLURAL, '')))
  for (const plural of plurals) {
    const forms = found.flatMap(([key]) =>
      key.replace(PLURAL, '') === plural && PLURAL.test(key) ? [PLURAL.exec(key)?.[1]] : [],
    )
    expect([plural, forms.toSorted()]).toEqual([plural, categories])
  }
})

test('no text is empty, and the same figures and names stand in both languages', () => {
  const byKey = new Map(english)
  for (const [key, text] of spanish) {
    expect(text.trim()).not.toBe('')
    const other = byKey.get(key) ?? byKey.get(key.replace(PLURAL, '_other'))
    expect([key, placeholders(text)]).toEqual([key, placeholders(other ?? '')])
  }
})

test('the glossary holds: one word for one thing in Spanish', () => {
  // trabajo, not tarea; cola; pendiente, not en espera; reservado, not en proceso; fallido, not fallado; reintentar, not relanzar; demorado, not aplazado.
  const foreign =
    /\b(tareas?|encolad\w*|en espera|en proceso|fallad[oa]s?|relanzar|aplazad\w*|diferid\w*|job|jobs|queue|queues)\b/i
  expect(spanish.filter(([, text]) => foreign.test(text.replace(/\{\{.*?\}\}/g, ''))).map(([key]) => key)).toEqual([])
})

test('what English calls due is "listo" in Spanish, and never "pendiente", which is what English calls pending', () => {
  const inEnglish = new Map(english)
  const pairs = spanish.map(
    ([key, text]) => [key, text, inEnglish.get(key) ?? inEnglish.get(key.replace(PLURAL, '_other')) ?? ''] as const,
  )
  const dueWithout = pairs.filter(([, text, other]) => /\bdue\b/i.test(other) && !/\blist[oa]s?\b/i.test(text))
  const wrong = pairs.filter(([, text, other]) => /\bpendientes?\b/i.test(text) && !/\bpending|wait/i.test(other))
  expect([...dueWithout, ...wrong].map(([key]) => key)).toEqual([])
})

test('every key that a page asks for is there', () => {
  const known = new Set(asked(english))
  const branches = new Set(
    [...known].flatMap((key) => key.split('.').map((_part, at, parts) => parts.slice(0, at).join('.'))),
  )
  const missing = globSync('**/*.{ts,tsx}', { cwd: new URL('..', import.meta.url) })
    .filter((path) => !path.includes('.test.'))
    .flatMap((path) => {
      const source = readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
      const whole = [...source.matchAll(/\bt\(\s*'([\w.]+)'/g)].map(([, key]) => key ?? '')
      const begun = [...source.matchAll(/\bt\(\s*`([\w.]+)\.\$\{/g)].map(([, key]) => key ?? '')
      return [...whole.filter((key) => !known.has(key)), ...begun.filter((key) => !branches.has(key))]
    })
  expect(missing).toEqual([])
})
