import { Command, CommanderError, type Help } from 'commander'
import { EXIT } from '../supervisor/exit-codes.ts'
import { version } from '../worker/version.ts'
import { CATALOGUE, type Entry, entryFor } from './catalogue.ts'
import { errorText, exitCodeFor } from './errors.ts'
import type { Streams } from './output.ts'
import { type Runner, runnerFor } from './runner.ts'

const GROUPS = ['Run', 'Look', 'Repair', 'Steer', 'Set up'] as const

/** Parses the words after `faena`, does what they say and answers the exit code. */
export async function run(words: readonly string[], streams: Streams): Promise<number> {
  endQuietlyOnBrokenPipe(streams)
  const word = firstOperand(words) ?? ''
  const runner = runnerFor(streams, word)
  const program = programOn(streams)
  const asked = entryFor(word)
  for (const entry of CATALOGUE) {
    const command = program.command(entry.name).description(sentence(entry.summary))
    for (const name of entry.laravel ?? []) command.alias(name)
    if (entry === asked) await define(command, entry, runner)
  }
  try {
    if (words.length === 0) program.outputHelp()
    else await program.parseAsync(words, { from: 'user' })
    return runner.exitCode
  } catch (error) {
    // commander has printed what it throws.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    streams.stderr.write(`${errorText(error, program.opts().verbose === true)}\n`)
    return exitCodeFor(error)
  }
}

function programOn({ stdout, stderr }: Streams): Command {
  return new Command('faena')
    .description('Background jobs on the database you already have.')
    .usage('<command> [options]')
    .option('--config <path>', 'configuration file (default: faena.config.ts, .mts, .js or .mjs here)')
    .option('-v, --verbose', 'say more')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError('(faena --help lists the commands)')
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns || 80,
      getErrHelpWidth: () => stderr.columns || 80,
      outputError: (text, write) => write(text.replace(/^error: /, 'faena: ')),
    })
    .configureHelp({ formatHelp: listOfCommands })
    .addHelpText('after', AFTERWARDS)
}

async function define(command: Command, entry: Entry, runner: Runner): Promise<void> {
  command
    .configureHelp({ showGlobalOptions: true, commandUsage: () => `faena ${entry.name} ${command.usage()}` })
    .showHelpAfterError(`(faena ${entry.name} --help shows how it is used)`)
    .allowExcessArguments(false)
  const module = await entry.load()
  module.define(command, runner)
  const also = (entry.laravel ?? []).map((name) => `faena ${name}`).join(', ')
  if (also !== '') command.addHelpText('after', `\nLaravel's name: ${also}`)
}

/** What `faena --help` prints; commander's own form serves each command's help. */
function listOfCommands(command: Command, helper: Help): string {
  const width = Math.max(...CATALOGUE.map(({ name }) => name.length))
  const line = (term: string, text: string) => `  ${term.padEnd(width + 8)}  ${text}`
  const groups = GROUPS.map((group) =>
    [group, ...CATALOGUE.filter((entry) => entry.group === group).map(({ name, summary }) => line(name, summary))].join(
      '\n',
    ),
  )
  const options = helper.visibleOptions(command).map(({ flags, description }) => line(flags, description))
  return `Usage: faena ${command.usage()}\n\n${command.description()}\n\n${groups.join('\n\n')}\n\nOptions\n${options.join('\n')}\n`
}

const AFTERWARDS = `
Examples
  faena start                                 workers and scheduler on SQLite, no configuration needed
  faena work --queue high,default             run the jobs of two queues, the first before the second
  faena failed                                what failed, and why
  faena retry all --queue orders              bring the failed jobs of one queue back

faena <command> --help says more of each. Laravel's names work too: faena queue:work, faena queue:retry all, …
Exit codes: 0 done, 1 error, 2 bad usage or configuration, 3 not found, 4 alert, 12 memory limit.`

/** The first word that is neither an option nor the value of `--config`, the only option that may stand before a command. */
function firstOperand(words: readonly string[]): string | undefined {
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    if (word === '--config') at += 1
    else if (!word.startsWith('-')) return word
  }
  return undefined
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
}

/** `faena jobs | head` closes the pipe when it has seen enough; that is no error. */
function endQuietlyOnBrokenPipe({ stdout }: Streams): void {
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok)
    throw error
  })
}
