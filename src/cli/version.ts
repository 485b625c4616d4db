import { readFileSync } from 'node:fs'

/** This package's version. Its package.json lies two folders up, from src and from dist alike. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return (manifest as { version: string }).version
}
