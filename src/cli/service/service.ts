/** What a service manager is to keep running, with the paths of this very installation. */
export interface Service {
  /** Letters, digits, `-`, `_`, `.`: what the manager calls it. */
  name: string
  /** Processes of the same command. */
  processes: number
  /** The program and its words. */
  command: readonly string[]
  /** Where it starts: the folder with faena.config.ts and .env. */
  folder: string
  user: string
  /** Where a manager that keeps no journal of its own writes what is printed. */
  logFolder: string
  /** What a stop may take before it is given up. */
  stopSeconds: number
}

export interface ServiceFile {
  path: string
  text: string
  /** What the file begins with on disk, before its text. */
  mark?: string
}

export interface Manager {
  files(service: Service): ServiceFile[]
  /** What is to be done once the files are in their place. */
  next(service: Service): string[]
}

/** `name-1`, `name-2`, … or just the name where there is one. */
export function instancesOf({ name, processes }: Service): string[] {
  return processes === 1 ? [name] : Array.from({ length: processes }, (_, at) => `${name}-${at + 1}`)
}

export function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
