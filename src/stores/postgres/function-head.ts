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
