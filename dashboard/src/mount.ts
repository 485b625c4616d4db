/** Where the panel is mounted: `/`, or a path that begins and ends with a slash, such as `/admin/colas/`. */
export const mountPath: string = mountOf(
  document.querySelector('meta[name="faena-mount"]')?.getAttribute('content') ?? './',
  document.baseURI,
)

/** `./` stands there only where nothing was put in its place: at the root of an origin. */
export function mountOf(content: string, base: string): string {
  const path = content === './' ? '/' : new URL(content, base).pathname
  return path.endsWith('/') ? path : `${path}/`
}

/** The path of something below the mount: `mounted('api/v1/queue/events')`. */
export function mounted(path: string): string {
  return `${mountPath}${path}`
}
