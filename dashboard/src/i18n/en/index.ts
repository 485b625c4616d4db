/** All of it: what is asked for is one of its keys. Pages fetch it in parts (i18n/index.ts). */
import { first } from './first.ts'
import { steering } from './steering.ts'

export const en = { ...first, ...steering }
