import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** compose.yaml is for people with Docker; nothing here starts it. */
const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')

type Yaml = { [key: string]: Yaml | string | string[] }

/**
 * Reads the part of YAML that compose.yaml keeps to: mappings indented by two spaces, lists in one line in the form of JSON,
 * texts that are plain or in double quotes. Throws at the first line that is anything else, tabs and a key twice included.
 */
function readYaml(text: string): Yaml {
  const root: Yaml = {}
  const open = [root]
  for (const [at, line] of text.split('\n').entries()) {
    if (/^\s*(#.*)?$/.test(line)) continue
    const parts = /^((?: {2})*)([A-Za-z_][\w-]*):(?: (\S.*))?$/.exec(line)
    const mapping = parts && open[parts[1]!.length / 2]
    if (!parts || !mapping || Object.hasOwn(mapping, parts[2]!)) throw new Error(`line ${at + 1}: ${line}`)
    open.length = parts[1]!.length / 2 + 1
    const [, , key, value] = parts as unknown as [string, string, string, string | undefined]
    if (value === undefined) {
      const inner: Yaml = {}
      mapping[key] = inner
      open.push(inner)
    } else if (/^["[{]/.test(value)) mapping[key] = JSON.parse(value) as string | string[]
    else if (/^[\w][\w.:/-]*$/.test(value) && !/: |:$/.test(value)) mapping[key] = value
    else throw new Error(`line ${at + 1}: ${value} must stand in double quotes`)
  }
  return root
}

test('compose.yaml is YAML, and what is not is noticed', () => {
  expect(Object.keys(readYaml(read('compose.yaml')).services as Yaml)).toEqual(['postgres', 'mariadb', 'mysql'])
  for (const wrong of ['a: 1\na: 2', 'a:\n   b: 1', 'a: 1\n  b: 2', '\ta: 1', 'a: [b', 'a: b: c', '- a', 'a: *b']) {
    expect(() => readYaml(wrong), wrong).toThrow()
  }
})

test('its servers are reached from this machine alone, where CONTRIBUTING.md says', () => {
  const urls = [...read('CONTRIBUTING.md').matchAll(/\w+:\/\/\w+@127\.0\.0\.1:(\d+)\/\w+/g)].map(([, port]) => port)
  const services = Object.values(readYaml(read('compose.yaml')).services as Yaml) as Yaml[]
  const ports = services.map((service) => {
    const [published, ...more] = service.ports as string[]
    expect(more).toEqual([])
    return /^127\.0\.0\.1:(\d+):\d+$/.exec(published!)?.[1]
  })
  expect(new Set(urls)).toEqual(new Set(ports))
})
