import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { SignJWT } from 'jose'
import { ROLES, type Role } from '../../core/config.ts'
import { spoken } from '../../core/duration.ts'
import { FaenaError, notAllowed } from '../../core/errors.ts'
import { apiKeys } from '../api-keys.ts'
import { durationOption, examples } from '../options.ts'
import { revokeToken } from '../revoking.ts'
import type { Runner } from '../runner.ts'
import type { Setting } from '../session.ts'

interface Options {
  role: string
  expires: number
  subject: string
  revoke?: string
}

const SHORTEST_MS = 1_000
const LONGEST_MS = 366 * 86_400_000

export function define(command: Command, runner: Runner): void {
  command
    .option('--role <role>', `${ROLES.join(', ')}`, 'viewer')
    .option('--expires <time>', 'how long it is valid: seconds, or 30m, 8h, 7d', durationOption, 8 * 3_600_000)
    .option('--subject <name>', 'who it is for; the audit names it', 'command line')
    .option('--revoke <token>', 'have a token count no more: itself, or its jti')
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      '\nPrints the token alone, so that it can be used in place, and its jti too on a terminal and by --json. It is signed with\n' +
        'FAENA_JWT_SECRET, or with the secret that the first start kept in the data folder. --revoke needs the jti alone, which the\n' +
        'audit names beside what was done with the token; every server refuses it within five seconds.',
    )
    .addHelpText(
      'after',
      examples([
        ['faena token --role operator --expires 8h --subject backoffice', 'for a program that repairs failed jobs'],
        ['curl -H "Authorization: Bearer $(faena token)" http://127.0.0.1:8080/api/v1/queue/status', 'in place'],
        ['faena token --revoke 3d0e6f9a-5b1c-4c43-9d0a-0e8a3f1a7c11', 'it got into wrong hands'],
      ]),
    )
    .action((options: Options) => {
      const { revoke } = options
      if (revoke === undefined) return runner.onSettings(command, (setting) => token(setting, options))
      for (const name of ['role', 'expires', 'subject']) {
        if (command.getOptionValueSource(name) !== 'cli') continue
        throw new FaenaError('BAD_ARGUMENT', `--${name} is for a token to make; leave it out beside --revoke`)
      }
      return runner.onStore(command, (session) => revokeToken(session, revoke))
    })
}

async function token({ output, configuration, streams }: Setting, { role, expires, subject }: Options): Promise<void> {
  if (!ROLES.includes(role as Role)) throw notAllowed('BAD_ARGUMENT', '--role', role, ROLES.join(', '))
  if (expires < SHORTEST_MS || expires > LONGEST_MS)
    throw notAllowed('BAD_ARGUMENT', '--expires', spoken(expires), '1s to 366d')
  if (subject.trim() === '') throw notAllowed('BAD_ARGUMENT', '--subject', subject, 'a text that is not empty')
  const { auth } = apiKeys(configuration.settings, streams.env)
  if (auth.secret === undefined) {
    throw new FaenaError(
      'UNSUPPORTED',
      'Tokens are checked with a public key here: only whoever has the private key can make one',
    )
  }
  const now = Math.floor(Date.now() / 1_000)
  const expiresAt = now + Math.ceil(expires / 1_000)
  const jti = randomUUID()
  const made = new SignJWT({ [auth.roleClaim ?? 'role']: role })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', ...(auth.keyId !== undefined && { kid: auth.keyId }) })
    .setSubject(subject)
    .setJti(jti)
    .setIssuedAt(now)
    .setExpirationTime(expiresAt)
  if (auth.issuer !== undefined) made.setIssuer(auth.issuer)
  if (auth.audience !== undefined) made.setAudience(auth.audience)
  const text = await made.sign(new TextEncoder().encode(auth.secret))
  output.document({ token: text, jti, role, subject, expires_at: new Date(expiresAt * 1_000).toISOString() })
  output.line(text)
  // Whoever puts the token in place wants nothing else; a person may have to revoke it one day.
  if (output.interactive) output.info(`Its jti is [${jti}]: faena token --revoke ${jti}`)
}
