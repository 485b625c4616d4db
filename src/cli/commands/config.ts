import { relative } from 'node:path'
import type { Command } from 'commander'
import { examples } from '../options.ts'
import type { Runner } from '../runner.ts'
import type { Setting } from '../session.ts'
import { type SettingRow, settingRows } from '../setting-rows.ts'
import { safe } from '../style.ts'

export function define(command: Command, runner: Runner): void {
  command
    .option('--json', 'one JSON document for programs')
    .addHelpText('after', '\nSecrets and passwords are masked.')
    .addHelpText('after', examples([['faena config', 'which database, which queues, and who said so']]))
    .action(() => runner.onSettings(command, config))
}

async function config({ output, configuration }: Setting): Promise<void> {
  const { settings, path } = configuration
  const rows = settingRows(configuration)
  output.document({
    connection: settings.connection,
    configuration: path,
    settings: Object.fromEntries(rows.map(({ name, value, source }) => [name, { value, source }])),
    warnings: settings.warnings,
  })
  output.line(`Queue Connection: ${settings.connection}`)
  output.line(
    `Configuration:    ${path === null ? 'none (defaults, .env and environment)' : relative(process.cwd(), path)}`,
  )
  output.line()
  output.table(
    [
      { title: 'SETTING', cell: (row: SettingRow) => row.name },
      { title: 'VALUE', cell: (row) => output.style.bold(safe(row.shown)) },
      { title: 'FROM', cell: (row) => (row.source === 'default' ? output.style.dim(row.source) : row.source) },
    ],
    rows,
  )
  for (const warning of settings.warnings) output.warn(safe(warning))
}
