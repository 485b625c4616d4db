import type { Command } from 'commander'
import type { UserView } from '../../client/accounts.ts'
import { ROLES, type Role } from '../../core/config.ts'
import { FaenaError } from '../../core/errors.ts'
import { readSecret } from '../ask.ts'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'
import { safe } from '../style.ts'

interface AddOptions {
  role?: string
}

export function define(command: Command, runner: Runner): void {
  command
    .argument('<action>', 'list, add or remove')
    .argument('[name]', 'of the user')
    .option('--role <role>', `what he may do: ${ROLES.join(', ')}`, 'viewer')
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      '\nUsers log in to the panel. add asks for the password (a script pipes it in); for a user that is there it is changed,\n' +
        'and whoever was logged in as him no longer is.',
    )
    .addHelpText(
      'after',
      examples([
        ['faena users add ana --role operator', 'asks for her password'],
        ['faena users list', 'who may log in, and as what'],
        ['faena users remove ana', 'her sessions end with it'],
      ]),
    )
    .action((action: string, name: string | undefined, { role }: AddOptions) =>
      runner.onStore(command, async ({ admin, output, streams, clock }) => {
        const { accounts } = admin
        const named = () => {
          if (name !== undefined) return name
          throw new FaenaError('BAD_ARGUMENT', `Whom? faena users ${action} <name>`)
        }
        switch (action) {
          case 'list': {
            const users = await accounts.users()
            output.document({ users })
            if (users.length === 0) return output.info('There are no users yet. Make one: faena users add <name>')
            return output.table(
              [
                { title: 'NAME', cell: (user: UserView) => output.style.bold(safe(user.name)) },
                { title: 'ROLE', cell: ({ role }) => role },
                { title: 'SINCE', cell: ({ createdAt }) => clock.text(createdAt) },
              ],
              users,
            )
          }
          case 'add': {
            const user = { name: named(), role: role as Role, password: await readSecret(streams, 'Password') }
            const saved = await accounts.saveUser(user)
            output.info(`User ${safe(saved.name)} may log in as ${saved.role}.`)
            return output.document({ user: saved })
          }
          case 'remove':
            await accounts.removeUser(named())
            output.info(`User ${safe(named())} is removed, and logged out everywhere.`)
            return output.document({ removed: name })
          default:
            throw new FaenaError('BAD_ARGUMENT', `action is ${action}; allowed: list, add, remove`)
        }
      }),
    )
}
