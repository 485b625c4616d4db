import { join } from 'node:path'
import { instancesOf, type Manager, type Service, xmlText } from './service.ts'

/** A daemon per process, since launchd knows no number of processes. */
export const launchd: Manager = {
  files: (service) =>
    instancesOf(service).map((instance) => ({
      path: `/Library/LaunchDaemons/${labelOf(instance)}.plist`,
      text: plist(service, instance),
    })),
  next: (service) =>
    instancesOf(service).flatMap((instance) => [
      `sudo launchctl bootstrap system /Library/LaunchDaemons/${labelOf(instance)}.plist`,
      `sudo launchctl print system/${labelOf(instance)}`,
      `sudo launchctl kickstart -k system/${labelOf(instance)}`,
    ]),
}

function labelOf(instance: string): string {
  return `faena.${instance}`
}

function plist({ command, folder, user, logFolder, stopSeconds }: Service, instance: string): string {
  const text = (value: string) => `<string>${xmlText(value)}</string>`
  const log = text(join(logFolder, `${instance}.log`))
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>${text(labelOf(instance))}
  <key>ProgramArguments</key>
  <array>
${command.map((word) => `    ${text(word)}`).join('\n')}
  </array>
  <key>WorkingDirectory</key>${text(folder)}
  <key>UserName</key>${text(user)}
  <key>EnvironmentVariables</key>
  <dict>
    <key>NODE_ENV</key>${text('production')}
  </dict>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><true/>
  <key>ThrottleInterval</key><integer>2</integer>
  <key>ExitTimeOut</key><integer>${stopSeconds}</integer>
  <key>StandardOutPath</key>${log}
  <key>StandardErrorPath</key>${log}
</dict>
</plist>
`
}
