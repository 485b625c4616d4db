/**
 * The part of docs/reference/cli.md that repeats what `faena <command> --help` says. `npm run docs` writes
 * it; a test compares it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CATALOGUE } from '../src/cli/catalogue.ts'
import type { Streams } from '../src/cli/output.ts'
import { run } from '../src/cli/program.ts'

const PAGE = fileURLToPath(new URL('../docs/reference/cli.md', import.meta.url))
const MARK = '<!-- from here on: npm run docs -->\n'

/** The page with its commands as they are now. */
export async function cliReference(): Promise<string> {
  const [introduction] = readFileSync(PAGE, 'utf8').split(MARK)
  const commands: string[] = []
  for (const { name } of CATALOGUE) commands.push(`### faena ${name}\n\n\`\`\`text\n${await help(name)}\n\`\`\`\n`)
  return `${introduction}${MARK}\n${commands.join('\n')}`
}

async function help(command: string): Promise<string> {
  // commander wraps lines to the terminal it finds; a page has none.
  Object.defineProperty(process.stdout, 'isTTY', { value: false, configurable: true })
  let printed = ''
  const write = (text: string) => {
    printed += text
    return true
  }
  const stream = { write, isTTY: false, on: () => {}, once: () => {}, off: () => {} }
  await run([command, '--help'], { stdout: stream, stderr: stream, stdin: stream, env: {} } as unknown as Streams)
  return printed.replace(/Global Options:\n(?: .*\n)+\n?/, '').trim()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, await cliReference())
