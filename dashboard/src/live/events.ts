/** One event of a stream of server-sent events. */
export interface ServerEvent {
  id: string
  type: string
  data: string
}

/**
 * Cuts the bytes of a stream into events. `EventSource` would do, but it hides the status of a refusal, and with it
 * whether the session is over or the server is.
 */
export class EventReader {
  #rest = ''
  #id = ''
  #type = ''
  #data: string[] = []

  /** The id of the last event that carried one: what the next stream goes on from. */
  get lastId(): string {
    return this.#id
  }

  read(text: string): ServerEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    return lines.flatMap((line) => this.#line(line))
  }

  #line(line: string): ServerEvent[] {
    if (line === '') return this.#end()
    const colon = line.indexOf(':')
    if (colon === 0) return []
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'id') this.#id = value
    else if (field === 'event') this.#type = value
    else if (field === 'data') this.#data.push(value)
    return []
  }

  #end(): ServerEvent[] {
    const event = { id: this.#id, type: this.#type || 'message', data: this.#data.join('\n') }
    const empty = this.#data.length === 0
    this.#type = ''
    this.#data = []
    return empty ? [] : [event]
  }
}
