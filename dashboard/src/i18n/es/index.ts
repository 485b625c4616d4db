import { first } from './first.ts'
import { steering } from './steering.ts'

export const es = { ...first, ...steering }
