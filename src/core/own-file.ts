const OWN = import.meta.url
const EXTENSION = OWN.endsWith('.ts') ? 'ts' : 'js'
/** `src/` in a checkout; in the package `dist/`, which is built of fewer modules: what is found by its place is found from here. */
const FOLDER = new URL('../', OWN)

/** Whether this code is the package's, and no checkout's. */
export const isBuilt = EXTENSION === 'js'

/** A file or folder of ours, named from `src/` or `dist/`. */
export function ownFile(path: string): URL {
  return new URL(path, FOLDER)
}

/** A module that a thread or a process of its own runs, named from `src/` and without its ending. The build keeps each as a file. */
export function ownModule(path: string): URL {
  return ownFile(`${path}.${EXTENSION}`)
}
