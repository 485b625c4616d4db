/** The server and its version as people call them. */
export function serverName(version: string): string {
  // MariaDB puts 5.5.5- in front for clients that cannot read 10.
  return /mariadb/i.test(version)
    ? `MariaDB ${version.replace(/^5\.5\.5-/, '').replace(/-mariadb.*$/i, '')}`
    : `MySQL ${version}`
}

/**
 * A select that the server ends after so many ms, in the words it has for that: nothing is set that would outlive the
 * statement. MySQL's are a hint, which stands behind the first word of what begins with `select`.
 */
export function timedRead(version: string, select: string, ms: number): string {
  if (/mariadb/i.test(version)) return `set statement max_statement_time = ${ms / 1_000} for ${select}`
  return select.replace(/^\s*select\b/i, `select /*+ MAX_EXECUTION_TIME(${Math.ceil(ms)}) */`)
}
