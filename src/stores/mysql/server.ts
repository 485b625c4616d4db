/** The server and its version as people call them. */
export function serverName(version: string): string {
  // MariaDB puts 5.5.5- in front for clients that cannot read 10.
  return /mariadb/i.test(version)
    ? `MariaDB ${version.replace(/^5\.5\.5-/, '').replace(/-mariadb.*$/i, '')}`
    : `MySQL ${version}`
}
