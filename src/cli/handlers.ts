import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FaenaError } from '../core/errors.ts'
import { type Handler, isHandler } from '../core/handler.ts'

/**
 * Imports the files that the globs name, from `folder` on, and gives every handler they export, alone or in lists and
 * objects. Throws BAD_CONFIGURATION for a glob without files, a file that cannot be loaded and two handlers of one job.
 */
export async function loadHandlers(globs: readonly string[], folder: string): Promise<Handler[]> {
  const found = new Map<string, { handler: Handler; file: string }>()
  for (const file of filesOf(globs, folder)) {
    for (const handler of handlersIn(await importFile(file))) {
      const { name } = handler.job
      const known = found.get(name)
      if (known !== undefined && known.handler !== handler) {
        throw new FaenaError(
          'BAD_CONFIGURATION',
          `Job ${name} has two handlers, in ${known.file} and in ${file}; a job has one`,
        )
      }
      found.set(name, { handler, file })
    }
  }
  return [...found.values()].map(({ handler }) => handler)
}

function filesOf(globs: readonly string[], folder: string): string[] {
  const files = globs.flatMap((glob) => {
    const matches = globSync(glob, { cwd: folder, exclude: (path) => /(^|[\\/])node_modules$/.test(path) })
      .filter((path) => /\.[cm]?[jt]sx?$/.test(path) && !/\.d\.[cm]?ts$|\.test\.[cm]?[jt]sx?$/.test(path))
      .sort()
    if (matches.length > 0) return matches.map((path) => resolve(folder, path))
    throw new FaenaError('BAD_CONFIGURATION', `handlers names ${JSON.stringify(glob)}; no file in ${folder} matches it`)
  })
  return [...new Set(files)]
}

async function importFile(file: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(file).href)
  } catch (cause) {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message.split('\n', 1)[0]}` : String(cause)
    throw new FaenaError('BAD_CONFIGURATION', `${file}, which handlers names, could not be loaded: ${reason}`, {
      cause,
    })
  }
}

/** What is exported, and one level of lists and objects below it. */
function handlersIn(module: Record<string, unknown>): Handler[] {
  return Object.values(module).flatMap((value) => {
    if (isHandler(value)) return [value]
    return typeof value === 'object' && value !== null ? Object.values(value).filter(isHandler) : []
  })
}
