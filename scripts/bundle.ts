/** Puts the modules of `src` together into few files of `dist`: how many there are is most of what an import of Faena costs. */
import { globSync, readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { rolldown } from 'rolldown'

/** A module is found at run time by where this one lies: one folder down, as in `src`. */
const OWN_FILE = 'src/core/own-file.ts'

/**
 * Files that keep their names: what package.json promises to importers, and what runs in a thread or process of its own
 * (`ownModule`). What several of them need lies in `shared/`, so that each module is there once at run time, and what is
 * imported late is read late.
 */
export async function bundle(root: string, dist: string): Promise<void> {
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(entries(root).map((name) => [name, join(root, 'src', `${name}.ts`)])),
    platform: 'node',
    tsconfig: false,
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
  })
  const { output } = await build.write({
    dir: dist,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'shared/[name].js',
  })
  await build.close()
  const own = output.find((file) => file.type === 'chunk' && file.moduleIds.includes(join(root, OWN_FILE)))
  if (!/^[\w-]+\/[\w-]+\.js$/.test(own?.fileName ?? '')) {
    throw new Error(`${OWN_FILE} went into ${own?.fileName}, from where its paths lead elsewhere`)
  }
}

/** Names from `src/`, without endings. */
function entries(root: string): string[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const promised = JSON.stringify([manifest.exports, manifest.bin]).matchAll(/\.\/dist\/([\w/-]+)\.js"/g)
  const apart = globSync('src/**/*.ts', { cwd: root, exclude: ['**/*.test.ts'] }).flatMap((path) => {
    const calls = [...readFileSync(join(root, path), 'utf8').matchAll(/(?<!function )\bownModule\((?:'([\w/-]+)'\))?/g)]
    if (calls.some(([, name]) => name === undefined))
      throw new Error(`${path}: the build must read which ownModule it is`)
    return calls
  })
  return [...new Set([...promised, ...apart].map(([, name]) => name!))].sort()
}
