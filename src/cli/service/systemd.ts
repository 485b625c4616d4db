import type { Manager, Service } from './service.ts'

const FOLDER = '/etc/systemd/system'

/**
 * A template unit, of which each process is an instance, and a target that stands for all of them. SIGTERM goes to the
 * main process alone, which lets its worker finish; what is left at the end of the patience is killed with it.
 */
export const systemd: Manager = {
  files: (service) => [
    { path: `${FOLDER}/${service.name}@.service`, text: unit(service) },
    { path: `${FOLDER}/${service.name}.target`, text: target(service) },
  ],
  next: ({ name }) => [
    'systemctl daemon-reload',
    `systemctl enable --now ${name}.target`,
    `systemctl status '${name}@*'`,
    `journalctl -f -u '${name}@*'`,
    `systemctl restart '${name}@*'`,
    `systemctl stop ${name}.target`,
  ],
}

function unit({ name, command, folder, user, stopSeconds }: Service): string {
  return `[Unit]
Description=${name}, process %i
After=network-online.target
Wants=network-online.target
PartOf=${name}.target
StartLimitIntervalSec=0

[Service]
Type=exec
User=${user}
WorkingDirectory=${escaped(folder)}
Environment=NODE_ENV=production
ExecStart=${command.map(quoted).join(' ')}
Restart=always
RestartSec=2
KillMode=mixed
TimeoutStopSec=${stopSeconds}
NoNewPrivileges=yes
ProtectSystem=full

[Install]
WantedBy=${name}.target
`
}

function target({ name, processes }: Service): string {
  const wanted = Array.from({ length: processes }, (_, at) => `${name}@${at + 1}.service`)
  return `[Unit]
Description=${name}, all processes
Wants=${wanted.join(' ')}

[Install]
WantedBy=multi-user.target
`
}

function escaped(text: string): string {
  return text.replaceAll('%', '%%')
}

/** One word of a command line, as systemd parts it. */
function quoted(word: string): string {
  const plain = escaped(word).replaceAll('$', '$$$$')
  return /^[\w@%+=:,./$-]+$/.test(plain) ? plain : `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
