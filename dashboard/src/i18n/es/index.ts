import { common } from './common.ts'
import { pages } from './pages.ts'
import { problems } from './problems.ts'
import { steering } from './steering.ts'

export const es = { ...common, ...pages, ...problems, ...steering }
