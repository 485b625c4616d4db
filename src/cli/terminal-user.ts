import { userInfo } from 'node:os'

/** Who sits at the terminal, as far as the system knows: in a container its number may have no name. */
export function terminalUser(ask: () => { username: string } = userInfo): string {
  try {
    return ask().username
  } catch {
    return 'cli'
  }
}
