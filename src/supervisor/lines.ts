import { StringDecoder } from 'node:string_decoder'

/** A line without an end is cut here. */
const LONGEST_LINE = 64 * 1_024

/** Makes lines of one stream of one process; the end of the stream (null) ends what was begun. */
export function lineSplitter(take: (line: string) => void): (chunk: Buffer | null) => void {
  const decoder = new StringDecoder('utf8')
  let begun = ''
  return (chunk) => {
    const lines = (begun + (chunk === null ? decoder.end() : decoder.write(chunk))).split(/\r?\n/)
    begun = lines.pop() ?? ''
    for (const line of lines) take(line)
    if (begun.length > LONGEST_LINE || (chunk === null && begun !== '')) {
      take(begun)
      begun = ''
    }
  }
}
