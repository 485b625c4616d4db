import { expect, test } from 'vitest'
import { timedRead } from './server.ts'

test('MariaDB ends a read by a setting of that statement alone', () => {
  expect(timedRead('11.4.2-MariaDB-log', 'select 1', 4_500)).toBe('set statement max_statement_time = 4.5 for select 1')
})

test('MySQL ends it by a hint behind its first select, wherever else the word stands', () => {
  expect(timedRead('8.0.36', '\n  select x from (select 1) t where y = $& ', 4_500)).toBe(
    'select /*+ MAX_EXECUTION_TIME(4500) */ x from (select 1) t where y = $& ',
  )
  expect(timedRead('8.0.36', '(select 1) union (select 2)', 4_500)).toBe('(select 1) union (select 2)')
})
