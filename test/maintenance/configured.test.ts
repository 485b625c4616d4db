import { expect, test } from 'vitest'
import { z } from 'zod'
import { inputText } from '../../src/client/input.ts'
import { defineJob } from '../../src/core/job.ts'
import { checkSchedule, type ScheduleDefinition } from '../../src/core/schedule.ts'
import { saveConfigured } from '../../src/maintenance/configured.ts'
import { eachStore } from '../support/suite.ts'
import { everyMinute, watched } from './support.ts'

const digest = defineJob({ name: 'digest', input: z.object({ to: z.string() }), queue: 'mail' })
const configured = (...definitions: Partial<ScheduleDefinition>[]) =>
  definitions.map((definition) =>
    checkSchedule({ job: digest, input: { to: 'a@b.c' }, ...definition }, 'America/Bogota'),
  )

eachStore('schedules of a configuration', (open) => {
  test('are saved with their next run, and gone when the configuration no longer lists them', async () => {
    await using given = await open()
    const { store } = given
    const both = configured({ key: 'nightly', cron: '0 2 * * *' }, { key: 'often', every: '5m', overlap: 'skip' })
    expect(await saveConfigured(store, both, inputText)).toEqual({ saved: ['nightly', 'often'], removed: [] })
    expect(await store.schedules()).toMatchObject([
      {
        key: 'nightly',
        job: 'digest',
        queue: 'mail',
        input: '{"to":"a@b.c"}',
        timing: { cron: '0 2 * * *', zone: 'America/Bogota' },
        missed: 'once',
        overlap: 'allow',
        origin: 'config',
        nextAt: Date.parse('2026-01-06T07:00:00Z'),
      },
      { key: 'often', timing: { everyMs: 300_000 }, overlap: 'skip', nextAt: Date.parse('2026-01-05T12:05:00Z') },
    ])

    expect(await saveConfigured(store, both.slice(0, 1), inputText)).toEqual({ saved: [], removed: ['often'] })
    expect(await store.schedules()).toMatchObject([{ key: 'nightly' }])
  })

  test('a restart writes nothing, moves no next run and lifts no pause; a new timing sets a new next run', async () => {
    await using given = await open()
    const schedules = configured({ key: 'often', every: '5m' })
    await saveConfigured(given.store, schedules, inputText)
    await given.store.pauseSchedule('often', true)
    const [before] = await given.store.schedules()
    given.clock.advance(3_600_000)

    const { store, calls } = watched(given.store)
    expect(await saveConfigured(store, schedules, inputText)).toEqual({ saved: [], removed: [] })
    expect(calls.sort()).toEqual(['ping', 'schedules'])
    expect(await store.schedules()).toEqual([before])

    const [later] = configured({ key: 'often', every: '5m', input: { to: 'd@e.f' } })
    await saveConfigured(store, [later!], inputText)
    expect(await store.schedules()).toMatchObject([{ input: '{"to":"d@e.f"}', nextAt: before?.nextAt }])
    await saveConfigured(store, configured({ key: 'often', every: '10m' }), inputText)
    expect(await store.schedules()).toMatchObject([{ nextAt: Date.parse('2026-01-05T13:10:00Z') }])
  })

  test('those made through the API stay, unless the configuration lists their key', async () => {
    await using given = await open()
    await given.store.saveSchedule(everyMinute(given, { key: 'mine' }))
    await given.store.saveSchedule(everyMinute(given, { key: 'digest' }))
    await saveConfigured(given.store, configured({ every: '5m' }), inputText)
    expect((await given.store.schedules()).map(({ key, origin }) => [key, origin])).toEqual([
      ['digest', 'config'],
      ['mine', 'api'],
    ])
    await saveConfigured(given.store, [], inputText)
    expect((await given.store.schedules()).map(({ key }) => key)).toEqual(['mine'])
  })

  test('one input that its job refuses leaves all of them unwritten', async () => {
    await using given = await open()
    const schedules = configured({ key: 'a', every: '5m' }, { key: 'b', every: '5m', input: { to: 7 } })
    await expect(saveConfigured(given.store, schedules, inputText)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await given.store.schedules()).toEqual([])
  })
})
