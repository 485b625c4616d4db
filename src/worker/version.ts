import { readFileSync } from 'node:fs'
import { ownFile } from '../core/own-file.ts'

/** This package's version. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(ownFile('../package.json'), 'utf8'))
  return (manifest as { version: string }).version
}
