import { flushCompileCache } from 'node:module'
import type { Controls, FromChild, ToChild } from './wire.ts'

export interface Begin {
  order: unknown
  replaces: number | null
  generation: number
}

/** The child's side: waits for its parent's first words. Called once, before anything else. */
export function beginning(): Promise<Begin> {
  return new Promise((resolve, reject) => {
    process.once('message', (said: ToChild) => {
      if (said.kind === 'begin') resolve(said)
      else reject(new Error(`a child process was told ${said.kind} before begin`))
    })
    process.once('disconnect', () => reject(new Error('the parent process ended before it said what to do')))
    if (process.send === undefined) reject(new Error('this module runs only as a child process of faena'))
  })
}

/** Obeys the parent from now on. A child whose parent is gone stops by itself: nobody would start it anew or stop it. */
export function obey(controls: Controls): void {
  process.on('message', (said: ToChild) => {
    if (said.kind === 'retire') (controls.retire ?? controls.stop).call(controls)
    else if (said.kind !== 'begin') controls[said.kind]()
  })
  process.once('disconnect', () => controls.stop())
}

export function report(what: FromChild): void {
  // Else modules would be kept at the end of the process only, which a killed one never sees.
  if (what.kind === 'ready') flushCompileCache()
  // The parent may be gone; `disconnect` tells that, not this.
  if (process.connected) process.send?.(what, undefined, undefined, () => {})
}
