/**
 * How our functions run. They hold the hot path because the server plans their statements once per connection, which
 * works behind every pooler; and because a plan made while a queue was empty must not read the whole table once it is
 * full, they rule out everything but the indexes. Compilation costs more than it could save here. Waits for locks of
 * others end before the caller's patience does.
 */
export const functionHead = `language plpgsql
  set search_path = pg_catalog
  set enable_seqscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set jit = off
  set plan_cache_mode = force_generic_plan
  set lock_timeout = '4s'`

/**
 * For what reads the first rows of a long order. Where the statistics are those of a queue that had just been worked off, to
 * gather all rows and sort them looks as cheap as to follow the index; a connection that planned then would do it for each call.
 */
export const orderedFunctionHead = `${functionHead}
  set enable_bitmapscan = off
  set enable_sort = off`
