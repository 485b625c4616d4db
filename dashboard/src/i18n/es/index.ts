import { common } from './common.ts'
import { problems } from './problems.ts'

export const es = { ...common, ...problems }
