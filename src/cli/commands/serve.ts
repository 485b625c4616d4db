import { resolve } from 'node:path'
import type { Command } from 'commander'
import { onSignals } from '../../supervisor/signals.ts'
import { examples, wholeOption } from '../options.ts'
import type { Runner } from '../runner.ts'

interface ServeOptions {
  host?: string
  port?: number
  config?: string
}

export function define(command: Command, runner: Runner): void {
  command
    .option('--host <address>', 'where to listen (default: 127.0.0.1)')
    .option('--port <number>', '0 for any that is free (default: 8080)', wholeOption(0, 65_535))
    .addHelpText(
      'after',
      `
Serves the management API and the dashboard: HTTP, so put whatever ends TLS in front of it. Every route but the health checks
needs a token (faena token makes one) or a log-in (faena users add, faena login). SIGTERM and SIGINT let requests under way end.`,
    )
    .addHelpText(
      'after',
      examples([
        ['faena serve', 'dashboard at http://127.0.0.1:8080, API below it at /api/v1/queue'],
        ['faena serve --port 9000', 'elsewhere; FAENA_HOST and FAENA_PORT do the same'],
      ]),
    )
    .action(() => {
      const { host, port, config } = command.optsWithGlobals<ServeOptions>()
      return runner.bare(async ({ streams }) => {
        const { runServer } = await import('../run-server.ts')
        let release = () => {}
        try {
          return await runServer(
            { host, port, config: config === undefined ? undefined : resolve(config) },
            {
              streams,
              control: (controls) => {
                release = onSignals(controls)
              },
              ready() {},
            },
          )
        } finally {
          release()
        }
      })
    })
}
