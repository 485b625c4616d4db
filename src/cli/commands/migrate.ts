import type { Command } from 'commander'
import type { MigrationStep } from '../../store.ts'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'
import type { Session } from '../session.ts'
import { safeLines } from '../style.ts'

interface MigrateOptions {
  dryRun?: boolean
}

export function define(command: Command, runner: Runner): void {
  command
    .option('--dry-run', 'print the statements and change nothing')
    .option('--json', 'one JSON document for programs')
    .addHelpText(
      'after',
      '\nSafe beside running workers. SQLite migrates by itself when it is opened; no other database does.',
    )
    .addHelpText('after', examples([['faena migrate --dry-run', 'the SQL that would be run, for review']]))
    .action((options: MigrateOptions) =>
      runner.onStore(command, (session) => migrate(session, options), { migrate: false }),
    )
}

async function migrate({ admin, output, connection }: Session, { dryRun = false }: MigrateOptions): Promise<void> {
  const { style } = output
  const report = await admin.migrate({
    dryRun,
    onStep: ({ version, name }) => {
      if (!dryRun) output.dotted(`${version} ${name}`, style.good('DONE'))
    },
  })
  output.document({ from: report.from, to: report.to, dry_run: dryRun, steps: report.steps })
  if (dryRun) for (const step of report.steps) printStatements(output, step)
  if (report.steps.length === 0)
    output.info(`Nothing to migrate: the tables of ${connection.shownUrl} are at version ${report.to}.`)
  else if (!dryRun) output.info(`Migrated ${connection.shownUrl} from version ${report.from} to ${report.to}.`)
}

function printStatements(output: Session['output'], { version, name, sql }: MigrationStep): void {
  output.line(`-- ${version} ${name}`)
  for (const statement of sql) output.line(`${safeLines(statement).trim().replace(/;$/, '')};`)
}
