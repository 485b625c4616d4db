import pg from 'pg'
import { LANE, type Lane } from './lane.ts'

/** Of advisory locks: pushes hold it while they draw ids, shared; whoever asks how far ids are complete, for a moment alone. */
const GATE = 715_517

const TABLES = `
create table lane_jobs (
  lane integer not null, id bigint not null default nextval('jobs_id_seq'), payload text not null, created_at integer not null,
  primary key (lane, id));
create table lane_heads (lane integer primary key, cursor bigint not null, horizon bigint not null);
create table lane_leases (lane integer not null, last bigint not null, after bigint not null, worker bigint, primary key (lane, last));
create table lane_settlements (worker bigint primary key, seq bigint not null, lost bigint[] not null);
create table lane_producers (producer text primary key, seq bigint not null, ids bigint[] not null);
insert into lane_heads values (${LANE}, 0, 0);

create function lane_push(of_producer text, of_seq bigint, payloads text[]) returns bigint[] language plpgsql as $$
declare stored bigint[];
begin
  -- Before any id is drawn: whoever gets the gate alone afterwards finds every id below the last one committed, or never.
  perform pg_advisory_xact_lock_shared(${GATE}, ${LANE});
  insert into lane_producers as p values (of_producer, of_seq, '{}')
    on conflict (producer) do update set seq = excluded.seq where p.seq < excluded.seq;
  if not found then return (select p.ids from lane_producers p where p.producer = of_producer); end if;
  with inserted as (
    insert into lane_jobs (lane, payload, created_at)
    select ${LANE}, text, extract(epoch from statement_timestamp())::integer from unnest(payloads) text returning id
  ) select array_agg(id order by id) into stored from inserted;
  update lane_producers set ids = stored where producer = of_producer;
  return stored;
end $$;

create function lane_reserve(by_worker bigint, most integer)
returns table (kind text, job bigint, body text, at integer) language plpgsql as $$
declare c bigint; h bigint; top bigint; until bigint;
begin
  perform from faena_workers w where w.id = by_worker and w.lease_until > floor(extract(epoch from clock_timestamp()) * 1000) for share;
  if not found then return query select 'lost', 0::bigint, '', 0; return; end if;
  -- What a dead worker left goes first.
  select l.after, l.last into c, top from lane_leases l where l.lane = ${LANE} and l.worker is null order by l.last limit 1 for update skip locked;
  while found loop
    select max(x.id) into until from (
      select j.id from lane_jobs j where j.lane = ${LANE} and j.id > c and j.id <= top order by j.id limit most) x;
    if until is null then
      delete from lane_leases l where l.lane = ${LANE} and l.last = top;
      select l.after, l.last into c, top from lane_leases l where l.lane = ${LANE} and l.worker is null order by l.last limit 1 for update skip locked;
      continue;
    end if;
    if not exists (select from lane_jobs j where j.lane = ${LANE} and j.id > until and j.id <= top) then
      until := top;
      update lane_leases set worker = by_worker where lane = ${LANE} and last = top;
    else
      insert into lane_leases values (${LANE}, until, c, by_worker);
      update lane_leases set after = until where lane = ${LANE} and last = top;
    end if;
    return query select 'range', c, '', 0;
    return query select 'last', until, '', 0;
    return query select 'job', j.id, j.payload, j.created_at from lane_jobs j where j.lane = ${LANE} and j.id > c and j.id <= until order by j.id;
    return;
  end loop;
  select cursor, horizon into c, h from lane_heads where lane = ${LANE} for update;
  if c >= h then
    perform pg_advisory_lock(${GATE}, ${LANE});
    select case when is_called then last_value else last_value - 1 end into h from jobs_id_seq;
    perform pg_advisory_unlock(${GATE}, ${LANE});
    if c >= h then return; end if;
  end if;
  return query select 'job', j.id, j.payload, j.created_at from lane_jobs j
    where j.lane = ${LANE} and j.id > c and j.id <= h order by j.id limit most;
  get diagnostics until = row_count;
  if until = 0 then
    update lane_heads set cursor = h, horizon = h where lane = ${LANE};
    return;
  end if;
  if until < most then until := h;
  else select max(x.id) into until from (
    select j.id from lane_jobs j where j.lane = ${LANE} and j.id > c and j.id <= h order by j.id limit most) x;
  end if;
  insert into lane_leases values (${LANE}, until, c, by_worker);
  update lane_heads set cursor = until, horizon = h where lane = ${LANE};
  return query select 'range', c, '', 0;
  return query select 'last', until, '', 0;
end $$;

create function lane_settle(by_worker bigint, of_seq bigint, lasts bigint[], froms bigint[], tos bigint[], wholes boolean[], lists text[])
returns bigint[] language plpgsql as $$
declare missing bigint[] := '{}'; i integer;
begin
  insert into lane_settlements values (by_worker, of_seq, '{}')
    on conflict (worker) do update set seq = excluded.seq, lost = excluded.lost where lane_settlements.seq < excluded.seq;
  if not found then return (select lost from lane_settlements where worker = by_worker); end if;
  for i in 1 .. cardinality(lasts) loop
    perform from lane_leases where lane = ${LANE} and last = lasts[i] and worker = by_worker for update;
    if not found then missing := missing || lasts[i]; continue; end if;
    if lists[i] is null then delete from lane_jobs where lane = ${LANE} and id between froms[i] and tos[i];
    else delete from lane_jobs where lane = ${LANE} and id = any (lists[i]::bigint[]); end if;
    if wholes[i] then delete from lane_leases where lane = ${LANE} and last = lasts[i]; end if;
  end loop;
  if cardinality(missing) > 0 then update lane_settlements set lost = missing where worker = by_worker; end if;
  return missing;
end $$;`

export function postgresLane(url: string): Lane {
  const poolOf = (max: number) => {
    const pool = new pg.Pool({ connectionString: url, max })
    // An idle connection that breaks is taken out by itself; without a listener it would end the process.
    pool.on('error', () => {})
    return pool
  }
  const pools = { push: poolOf(3), work: poolOf(3) }
  const numbers = (texts: readonly string[]) => texts.map(Number)
  return {
    async migrate() {
      await pools.work.query(TABLES)
    },
    async push(payloads, { producer, seq }) {
      const { rows } = await pools.push.query('select lane_push($1, $2, $3::text[]) as ids', [producer, seq, payloads])
      return numbers(rows[0].ids)
    },
    async reserve(worker, limit) {
      const { rows } = await pools.work.query('select kind, job, body, at from lane_reserve($1, $2)', [worker, limit])
      if (rows[0]?.kind === 'lost') return 'lost'
      const after = Number(rows.find(({ kind }) => kind === 'range')?.job)
      const last = Number(rows.find(({ kind }) => kind === 'last')?.job)
      if (rows.length === 0) return null
      const jobs = rows.filter(({ kind }) => kind === 'job')
      return {
        after,
        last,
        rows: jobs.map(({ job, body, at }) => ({ id: Number(job), payload: body, createdAt: at * 1_000 })),
      }
    },
    async settle(worker, seq, done) {
      const { rows } = await pools.work.query('select lane_settle($1, $2, $3, $4, $5, $6, $7) as lost', [
        worker,
        seq,
        done.map(({ last }) => last),
        done.map(({ from }) => from),
        done.map(({ to }) => to),
        done.map(({ whole }) => whole),
        done.map(({ ids }) => (ids ? `{${ids.join()}}` : null)),
      ])
      return numbers(rows[0].lost)
    },
    async move(worker, ids) {
      const { rows } = await pools.work.query(
        `with held as (
           select l.after, l.last from lane_leases l where l.lane = ${LANE} and l.worker = $1 for share
         ), taken as (
           delete from lane_jobs j using held where j.lane = ${LANE} and j.id = any($2::bigint[]) and j.id > held.after and j.id <= held.last
           returning j.id, j.payload, j.created_at
         ) insert into jobs (id, queue, payload, attempts, reserved_at, available_at, created_at, name, priority, reserved_by)
           select id, 'default', payload, 1, extract(epoch from statement_timestamp())::integer, created_at, created_at, 'bench', 0, $1 from taken
           returning id`,
        [worker, ids],
      )
      return new Map(rows.map(({ id }) => [Number(id), Number(id)]))
    },
    async gone(ids) {
      const { rows } = await pools.work.query(
        `select g.id from unnest($1::bigint[]) g (id) where not exists (select from lane_jobs j where j.lane = ${LANE} and j.id = g.id)`,
        [ids],
      )
      return numbers(rows.map(({ id }) => id))
    },
    async release(worker) {
      await pools.work.query(`update lane_leases set worker = null where worker = $1`, [worker])
    },
    async reclaim() {
      const { rowCount } = await pools.work.query(
        `update lane_leases l set worker = null
          where worker is not null and not exists (select from faena_workers w where w.id = l.worker
            and w.lease_until > floor(extract(epoch from clock_timestamp()) * 1000))`,
      )
      return rowCount ?? 0
    },
    async leases() {
      return Number((await pools.work.query('select count(*) as amount from lane_leases')).rows[0].amount)
    },
    async close() {
      await Promise.all([pools.push.end(), pools.work.end()])
    },
  }
}
