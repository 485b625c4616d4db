import { inject } from 'vitest'

/** The URL of the run's server of this kind; the first to ask has it started. */
export async function serverUrl(kind: 'postgres' | 'mysql'): Promise<string> {
  const answer = await fetch(`${inject('servers')}/${kind}`)
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return text
}
