import type { Command } from 'commander'
import { ROLES, type Role } from '../../core/config.ts'
import { FaenaError, notAllowed } from '../../core/errors.ts'
import { apiKeys } from '../api-keys.ts'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'
import type { Setting } from '../session.ts'
import { signInLink } from '../sign-in.ts'

interface Options {
  role: string
  subject: string
  url?: string
}

export function define(command: Command, runner: Runner): void {
  command
    .option('--role <role>', `${ROLES.join(', ')}`, 'admin')
    .option('--subject <name>', 'who it is for; the audit names it', 'command line')
    .option('--url <address>', 'where browsers reach the dashboard (default: by FAENA_HOST, FAENA_PORT, FAENA_MOUNT)')
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      '\nPrints a link that opens the dashboard logged in. It works once, for 15 minutes, and is signed with FAENA_JWT_SECRET or\nwith the secret that the first start kept in the data folder. Users with a password: faena users add',
    )
    .addHelpText(
      'after',
      examples([
        ['faena login', 'open what it prints in a browser'],
        ['faena login --role viewer --subject ana', 'for somebody who may only look'],
      ]),
    )
    .action((options: Options) => runner.onSettings(command, (setting) => login(setting, options)))
}

async function login({ output, configuration, streams }: Setting, { role, subject, url }: Options): Promise<void> {
  if (!ROLES.includes(role as Role)) throw notAllowed('BAD_ARGUMENT', '--role', role, ROLES.join(', '))
  if (subject.trim() === '') throw notAllowed('BAD_ARGUMENT', '--subject', subject, 'a text that is not empty')
  if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    throw notAllowed('BAD_ARGUMENT', '--url', url, 'an address such as https://jobs.example.com/admin')
  const { settings } = configuration
  const { auth } = apiKeys(settings, streams.env)
  if (auth.secret === undefined) {
    throw new FaenaError(
      'UNSUPPORTED',
      'Tokens are checked with a public key here, which signs no links; make a user: faena users add <name>',
    )
  }
  const { host, port, mount } = settings
  if (url === undefined && port === 0)
    throw new FaenaError('BAD_ARGUMENT', 'FAENA_PORT is 0, so the address is not known; give it by --url')
  const address = url?.replace(/\/+$/, '') ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}${mount}`
  const link = signInLink(address, auth.secret, { subject, role: role as Role })
  output.document({ link, role, subject })
  output.line(link)
}
