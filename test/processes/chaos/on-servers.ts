import { afterAll, beforeAll, describe, vi } from 'vitest'
import type { CrashingServer } from '../../support/servers/throwaway.ts'
import { stores } from '../../support/stores.ts'
import { KINDS, type Kind } from './kinds.ts'

/** On a machine that has other things to do. None takes more than a minute where it has not. */
const PATIENCE_MS = 300_000

/** The same cases on a server of their own for each kind that `FAENA_TEST_STORES` names. */
export function onServers(cases: (kind: Kind, server: () => CrashingServer) => void): void {
  vi.setConfig({ testTimeout: PATIENCE_MS })
  for (const kind of KINDS) {
    describe.skipIf(!stores.some(({ name }) => name === kind.store))(`on ${kind.name}`, () => {
      let server: CrashingServer

      beforeAll(async () => {
        server = await kind.start()
      }, 120_000)

      afterAll(() => server?.stop(), 60_000)

      cases(kind, () => server)
    })
  }
}
