import { DataSource, type DataSourceOptions } from 'typeorm'
import { BetterForm } from './better-form.ts'
import type { Library, Place } from './library.ts'

/** Its EntityManager. */
export async function openTypeorm(place: Place): Promise<Library> {
  const source = await initialized(place)
  return {
    whole: source.manager,
    transaction: (work) => source.transaction((manager) => work(manager, (id) => manager.query(insert(place, id)))),
    close: () => source.destroy(),
  }
}

/** Its QueryRunner. */
export async function openTypeormRunner(place: Place): Promise<Library> {
  const source = await initialized(place)
  return {
    whole: source.createQueryRunner(),
    transaction: async (work) => {
      const runner = source.createQueryRunner()
      await runner.startTransaction()
      try {
        await work(runner, (id) => runner.query(insert(place, id)))
        await runner.commitTransaction()
      } catch (error) {
        await runner.rollbackTransaction()
        throw error
      } finally {
        await runner.release()
      }
    },
    close: () => source.destroy(),
  }
}

function initialized({ kind, url }: Place): Promise<DataSource> {
  return new DataSource(options(kind, url)).initialize()
}

function options(kind: Place['kind'], url: string): DataSourceOptions {
  if (kind === 'sqlite') return { type: 'better-sqlite3', database: url, driver: BetterForm }
  return { type: kind, url }
}

function insert({ table }: Place, id: number): string {
  return `insert into ${table} (id) values (${id})`
}
