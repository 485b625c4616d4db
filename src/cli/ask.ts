import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { FaenaError } from '../core/errors.ts'
import type { Output, Streams } from './output.ts'

export interface Danger {
  /** What is about to be done, as a question. */
  question: string
  force: boolean
}

/**
 * Whether to go on with something that cannot be undone: in production only with `--force`; on a terminal after asking;
 * a script has said what it wants by calling the command.
 */
export async function mayGoOn(output: Output, { stdin, stderr, env }: Streams, danger: Danger): Promise<boolean> {
  if (danger.force) return true
  if (env.NODE_ENV === 'production') {
    throw new FaenaError('BAD_ARGUMENT', `${danger.question} In production (NODE_ENV) this needs --force`)
  }
  if (!output.interactive) return true
  const dialogue = createInterface({ input: stdin, output: stderr })
  try {
    const answer = await dialogue.question(`  ${danger.question} (yes/no) [no] `)
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    dialogue.close()
  }
}

/** A secret: typed without being shown, or the first line of what a script pipes in. */
export async function readSecret({ stdin, stderr }: Streams, name: string): Promise<string> {
  const typed = stdin.isTTY === true
  if (typed) stderr.write(`  ${name}: `)
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() })
  const dialogue = createInterface({ input: stdin, output: typed ? unseen : undefined, terminal: typed })
  try {
    for await (const line of dialogue) return line
    return ''
  } finally {
    dialogue.close()
    if (typed) stderr.write('\n')
  }
}
