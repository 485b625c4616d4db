import { common } from './common.ts'
import { pages } from './pages.ts'
import { problems } from './problems.ts'
import { steering } from './steering.ts'

/** The English catalogue; its keys are those of all. */
export const en = { ...common, ...pages, ...problems, ...steering }
