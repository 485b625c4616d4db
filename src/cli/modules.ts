/** A module beside this one that a process of its own runs: TypeScript in a checkout, JavaScript where Faena is installed. */
export function moduleOf(name: string): URL {
  const own = import.meta.url
  return new URL(own.endsWith('.ts') ? `./${name}.ts` : `./${name}.js`, own)
}
