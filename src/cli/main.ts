#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// Spares later calls most of the time that reading the source takes.
enableCompileCache()
const { run } = await import('./program.ts')
process.exitCode = await run(process.argv.slice(2), process)
