import { instancesOf, type Manager, type Service } from './service.ts'

/**
 * A script for PowerShell that makes a scheduled job of Windows per process, begun with the machine and begun anew when it
 * ends: nothing has to be installed for it. Windows ends such a process without a word, so what it ran comes back when its
 * lease ends; `faena stop` or `faena restart` first lets jobs finish.
 */
export const windows: Manager = {
  // Without the mark, Windows PowerShell 5.1 reads a script in the machine's old code page, and an accent of a path as two signs.
  files: (service) => [{ path: `${service.name}.ps1`, text: script(service), mark: '\ufeff' }],
  next: (service) => [
    `powershell -ExecutionPolicy Bypass -File ${service.name}.ps1`,
    ...instancesOf(service).map((instance) => `Get-ScheduledTaskInfo -TaskName ${instance}`),
  ],
}

function script(service: Service): string {
  const { command, folder, user } = service
  const [program = '', ...words] = command
  const names = instancesOf(service).map(quoted).join(', ')
  return `# Run as administrator. Removes and makes anew what has these names.
$ErrorActionPreference = 'Stop'
$action = New-ScheduledTaskAction -Execute ${quoted(program)} -Argument ${quoted(words.map(argument).join(' '))} -WorkingDirectory ${quoted(folder)}
$trigger = New-ScheduledTaskTrigger -AtStartup
$settings = New-ScheduledTaskSettingsSet -RestartCount 9999 -RestartInterval (New-TimeSpan -Minutes 1) -ExecutionTimeLimit ([TimeSpan]::Zero) -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -StartWhenAvailable -MultipleInstances IgnoreNew
$principal = New-ScheduledTaskPrincipal -UserId ${quoted(user)} -LogonType S4U -RunLevel Limited
foreach ($name in @(${names})) {
  Unregister-ScheduledTask -TaskName $name -Confirm:$false -ErrorAction SilentlyContinue
  Register-ScheduledTask -TaskName $name -Action $action -Trigger $trigger -Settings $settings -Principal $principal | Out-Null
  Start-ScheduledTask -TaskName $name
}
`
}

/** A literal of PowerShell, to which each of these signs is the quote that ends it. */
function quoted(text: string): string {
  return `'${text.replace(/['\u2018-\u201b]/g, '$&$&')}'`
}

/** One word as programs on Windows part their command line. */
function argument(word: string): string {
  if (word !== '' && !/[\s"]/.test(word)) return word
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`
}
