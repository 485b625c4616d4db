import { join } from 'node:path'
import { FaenaError } from '../../core/errors.ts'
import type { Manager, Service } from './service.ts'

/**
 * A program with so many processes, called `name:name_00` and so on. Each has a log of its own, since Supervisor cannot
 * rotate one that several write; `supervisorctl tail -f name:name_00` shows it.
 */
export const supervisor: Manager = {
  files: (service) => [{ path: `/etc/supervisor/conf.d/${service.name}.conf`, text: uncut(program(service)) }],
  next: ({ name }) => [
    'supervisorctl reread',
    'supervisorctl update',
    `supervisorctl status ${name}:*`,
    `supervisorctl tail -f ${name}:${name}_00`,
    `supervisorctl restart ${name}:*`,
    `supervisorctl stop ${name}:*`,
  ],
}

function program({ name, processes, command, folder, user, logFolder, stopSeconds }: Service): string {
  return `[program:${name}]
process_name=%(program_name)s_%(process_num)02d
numprocs=${processes}
command=${command.map(quoted).join(' ')}
directory=${escaped(folder)}
user=${user}
environment=NODE_ENV="production"
autostart=true
autorestart=true
startsecs=1
startretries=10
stopsignal=TERM
stopwaitsecs=${stopSeconds}
killasgroup=true
redirect_stderr=true
stdout_logfile=${escaped(join(logFolder, `${name}_`))}%(process_num)02d.log
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=5
`
}

/** Supervisor takes the rest of a line for a comment, within quotes too, and knows no way to write it otherwise. */
function uncut(text: string): string {
  const cut = text.split('\n').find((line) => /\s[;#]/.test(line))
  if (cut === undefined) return text
  throw new FaenaError(
    'BAD_ARGUMENT',
    `Supervisor would end "${cut}" before the ; or # behind a space; allowed: folders and words without the two together`,
  )
}

function escaped(text: string): string {
  return text.replaceAll('%', '%%')
}

/** One word of a command line, as Supervisor parts it: like a shell. Quotes keep a word that begins with ; or # from being a comment. */
function quoted(word: string): string {
  const plain = escaped(word)
  return /^[\w@%+=:,./-]+$/.test(plain) ? plain : `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
