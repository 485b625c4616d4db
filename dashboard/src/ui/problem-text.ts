import type { TFunction } from 'i18next'
import type { Problem } from '../api/client.ts'

/** A problem in a sentence: by its code, which never changes, not by the API's English words. */
export function problemText(t: TFunction, { code }: Problem): string {
  return t(`problems.${code}`)
}
