import { FaenaError } from '../core/errors.ts'
import { html } from './chat.ts'
import { NotTold } from './not-told.ts'
import { orAborted } from './or-aborted.ts'
import { plainText, type Told } from './texts.ts'

export interface Mail {
  url: string
  from: string
  to: readonly string[]
  /** The same each time it is sent: what stores mail can tell that it is one. */
  id: string
  told: Told
  signal: AbortSignal
}

type Mailer = typeof import('nodemailer')

const TIMEOUT_MS = 15_000
/** What the server says of the mail itself: it would say it again. */
const NEVER = new Set(['EENVELOPE', 'EMESSAGE'])

/** Sends one mail to all recipients, by the server of the address: encrypted where the server offers it. */
export async function sendMail({ url, from, to, id, told, signal }: Mail): Promise<void> {
  const { createTransport } = await nodemailer()
  const server = new URL(url)
  const secure = server.protocol === 'smtps:'
  const auth = server.username === '' ? undefined : { user: decoded(server.username), pass: decoded(server.password) }
  const transport = createTransport({
    host: server.hostname.replace(/^\[|\]$/g, ''),
    port: server.port === '' ? (secure ? 465 : 587) : Number(server.port),
    secure,
    auth,
    // A password goes over no open line.
    requireTLS: !secure && auth !== undefined && server.searchParams.get('tls') !== 'off',
    ignoreTLS: server.searchParams.get('tls') === 'off',
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  try {
    const sent = transport.sendMail({
      from,
      to: [...to],
      subject: told.title,
      text: plainText(told),
      html: page(told),
      messageId: `<${id}@faena>`,
      headers: { 'Auto-Submitted': 'auto-generated', 'X-Faena-Notice': id },
      signal,
    })
    // Older versions of nodemailer know no signal, and a server may take its time at each step of the conversation.
    await orAborted(sent, signal)
  } catch (error) {
    const { code, responseCode } = error as { code?: string; responseCode?: number }
    const why = signal.aborted ? 'it took too long' : [code, responseCode].filter(Boolean).join(' ') || 'an error'
    const final = code !== undefined && NEVER.has(code) && (responseCode ?? 0) >= 500
    throw new NotTold(`${server.hostname} took no mail: ${why}`, { final })
  } finally {
    transport.close()
  }
}

async function nodemailer(): Promise<Mailer['default']> {
  try {
    return (await import('nodemailer')).default
  } catch (cause) {
    throw new FaenaError(
      'BAD_CONFIGURATION',
      'A channel of type email needs the package nodemailer: npm install nodemailer',
      {
        cause,
      },
    )
  }
}

const COLOURS = { bad: '#b42318', good: '#067647', neutral: '#475467' } as const

/** Plain enough for every mail program; every text in it is escaped. */
function page({ parts, footer }: Told): string {
  const blocks = parts.map(({ title, lines, link, mood }) => {
    const heading = link === null ? html(title) : `<a href="${html(link)}" style="color:inherit">${html(title)}</a>`
    const rest = lines.map((line) => `<p style="margin:4px 0;color:#344054">${html(line)}</p>`).join('')
    return `<div style="border-left:4px solid ${COLOURS[mood]};padding:4px 12px;margin:0 0 20px"><h2 style="font-size:16px;margin:0 0 8px;color:${COLOURS[mood]}">${heading}</h2>${rest}</div>`
  })
  const foot = html(footer).replaceAll('\n', '<br>')
  return `<!doctype html><html><body style="font-family:sans-serif;font-size:14px">${blocks.join('')}<p style="color:#667085;font-size:12px">${foot}</p></body></html>`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
