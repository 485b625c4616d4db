/**
 * Prints `<passed> <failed>` of the run whose results Vitest left in .faena/test-results.json. Everything that is not a
 * pass is a failure: a skipped test, a file that could not be loaded, a run that left no results, and a run that ended
 * badly (its exit status is the argument) though no test in it failed.
 */
import { readFileSync } from 'node:fs'

interface Results {
  testResults: { name: string; status: string; assertionResults: { fullName: string; status: string }[] }[]
}

const status = process.argv[2] ?? '0'
const failures: string[] = []
let passed = 0

for (const file of readResults().testResults) {
  if (file.status === 'failed' && file.assertionResults.length === 0) failures.push(`${file.name} (not loaded)`)
  for (const test of file.assertionResults) {
    if (test.status === 'passed') passed += 1
    else failures.push(`${test.fullName} (${test.status})`)
  }
}
if (passed === 0 && failures.length === 0) failures.push('no test ran')
if (status !== '0' && failures.length === 0) failures.push(`the run ended with status ${status} though no test failed`)

for (const failure of failures) console.error(`not passed: ${failure}`)
console.log(`${passed} ${failures.length}`)

function readResults(): Results {
  try {
    return JSON.parse(readFileSync(new URL('../.faena/test-results.json', import.meta.url), 'utf8'))
  } catch {
    return { testResults: [] }
  }
}
