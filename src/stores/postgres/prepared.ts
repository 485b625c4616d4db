import { createHash } from 'node:crypto'
import { type Sql, statementText } from '../sql/sql.ts'

/** A statement as the server keeps it. */
export interface Prepared {
  /** Made from the text, so that under one name there never stand two. */
  readonly name: string
  readonly text: string
}

const known = new WeakMap<Sql['text'], Prepared>()

/** Worked out once for each list of pieces: for statements whose pieces stay the same, as those of Calls do. */
export function preparedOf(statement: Sql): Prepared {
  let prepared = known.get(statement.text)
  if (prepared === undefined) {
    const text = statementText(statement, 'dollar')
    prepared = { name: `faena_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`, text }
    known.set(statement.text, prepared)
  }
  return prepared
}
