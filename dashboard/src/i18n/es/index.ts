import { common } from './common.ts'
import { problems } from './problems.ts'
import { steering } from './steering.ts'

export const es = { ...common, ...problems, ...steering }
