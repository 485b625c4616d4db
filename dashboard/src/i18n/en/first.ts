import { common } from './common.ts'
import { pages } from './pages.ts'
import { problems } from './problems.ts'

/** What the first page needs, and whatever may go wrong on it. */
export const first = { ...common, ...pages, ...problems }
