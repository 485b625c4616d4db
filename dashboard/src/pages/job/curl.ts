import { mounted } from '../../mount.ts'

/** A call of the API as a line for a shell. The token stays a variable: no secret goes on the clipboard. */
export function curlOf(method: 'GET' | 'POST' | 'DELETE', path: string): string {
  const verb = method === 'GET' ? '' : ` -X ${method}`
  const url = `${location.origin}${mounted(`/api/v1/queue${path}`)}`
  return `curl${verb} -H "Authorization: Bearer $FAENA_TOKEN" '${url.replaceAll("'", "'\\''")}'`
}
