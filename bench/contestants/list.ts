import type { Contestant } from '../contestant.ts'

/** Loaded one by one, so that a child process holds only its own contestant's code. */
export const CONTESTANTS: Record<string, () => Promise<Contestant>> = {
  faena: async () => (await import('./faena.ts')).faena,
  plainjob: async () => (await import('./plainjob.ts')).plainjob,
  'plainjob-full': async () => (await import('./plainjob.ts')).plainjobFull,
}
