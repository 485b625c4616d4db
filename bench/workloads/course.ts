import { setTimeout as delay } from 'node:timers/promises'
import type { Place } from '../contestant.ts'
import { CONTESTANTS, type Entry } from '../contestants/list.ts'
import type { Figures } from '../roles/list.ts'
import type { Counters, Server } from '../servers/server.ts'
import { type Child, partingMs, startChild } from './child-process.ts'

/** For these, everything has been compiled once. */
const compiled = new Set<string>()

/** One contestant on one fresh place: starts its processes, and measures the server around what they do. */
export class Course {
  readonly contestant: string
  readonly entry: Entry
  readonly server: Server
  readonly place: Place
  #fresh = true
  readonly #children = new Set<Child>()

  private constructor(contestant: string, server: Server, place: Place) {
    this.contestant = contestant
    this.entry = CONTESTANTS[contestant]!
    this.server = server
    this.place = place
  }

  /** Runs `work` on a fresh place and takes it away afterwards, with every process that is still there. */
  static async on<T>(contestant: string, server: Server, work: (course: Course) => Promise<T>): Promise<T> {
    const course = new Course(contestant, server, await server.place())
    try {
      await course.#compile()
      return await work(course)
    } finally {
      await Promise.all([...course.#children].map((child) => course.#gone(child)))
      await server.drop(course.place)
    }
  }

  /** The compiler of TypeScript, 15 to 25 MiB, would otherwise be in the memory of the contestant's first worker. */
  async #compile(): Promise<void> {
    if (compiled.has(this.contestant)) return
    compiled.add(this.contestant)
    await this.#spawn('compile', {}, false).result
  }

  async start(role: string, parameters: Figures): Promise<Child> {
    if (this.#fresh && role !== 'prepare') {
      this.#fresh = false
      await this.#spawn('prepare', {}, true).result
    }
    return this.#spawn(role, parameters, false)
  }

  #spawn(role: string, parameters: Figures, fresh: boolean): Child {
    const child = startChild({ contestant: this.contestant, role, place: this.place, fresh, parameters })
    this.#children.add(child)
    const ended = () => void this.#gone(child)
    child.result.then(ended, ended)
    return child
  }

  /**
   * Who has its result ends by itself, and takes leave of what it keeps on the disk (Node its compiled modules). But some
   * never yield to their event loop while there is work, and would go on beside whoever is measured next.
   */
  async #gone(child: Child): Promise<void> {
    await Promise.race([child.exited, delay(partingMs())])
    child.kill()
    await child.exited
    this.#children.delete(child)
  }

  /** A role that begins by itself once everything is connected. */
  async run(role: string, parameters: Figures): Promise<Figures> {
    const child = await this.start(role, parameters)
    await child.ready
    child.go()
    return child.result
  }

  /** The same with what the server did meanwhile. */
  async measured(role: string, parameters: Figures): Promise<Figures> {
    const child = await this.start(role, parameters)
    await child.ready
    const server = await this.serverMeter()
    child.go()
    const figures = await child.result
    return { ...figures, ...(await server()) }
  }

  async serverMeter(): Promise<() => Promise<{ serverCpuMs: number; logBytes: number; logSyncs: number }>> {
    const before = await this.server.counters()
    return async () => {
      await this.server.left?.()
      const after: Counters = await this.server.counters()
      return {
        serverCpuMs: after.cpuMs - before.cpuMs,
        logBytes: after.logBytes - before.logBytes,
        logSyncs: after.logSyncs - before.logSyncs,
      }
    }
  }

  /** Loads `count` jobs numbered from 0; every contestant alike gets its statistics made afterwards. */
  async load(count: number, more: Figures = {}): Promise<Figures> {
    const figures = await this.measured('bulk', { count, ...more })
    await this.server.rest(this.place)
    return figures
  }
}
