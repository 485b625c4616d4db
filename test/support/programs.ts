import type { Software } from './servers/install.ts'

/** Programs of others that tests check our files and our metrics with; installed by the tests where they are missing. */
export const PROMTOOL: Software = {
  name: "Prometheus' promtool",
  program: 'promtool',
  folders: ['/usr/bin', '/usr/local/bin'],
  package: 'prometheus',
}

export const SUPERVISOR: Software = {
  name: 'Supervisor',
  program: 'supervisord',
  folders: ['/usr/bin', '/usr/local/bin'],
  package: 'supervisor',
}

export const SYSTEMD: Software = {
  name: 'systemd-analyze',
  program: 'systemd-analyze',
  folders: ['/usr/bin', '/bin'],
  package: 'systemd',
}
