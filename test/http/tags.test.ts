import { expect, test } from 'vitest'
import { eachApi, type GivenApi } from './support.ts'

/** ETags: what is the same is not sent again. */
eachApi('ETags', (open) => {
  test('If-None-Match spares an answer that says the same', async () => {
    await using api = await open()
    const { id } = await api.job()
    for (const path of ['status', 'jobs', `jobs/${id}`]) {
      const { headers } = await api.get(path)
      expect(headers).toMatchObject({ etag: expect.stringMatching(/^W\//), 'cache-control': 'no-store' })
      const again = () => api.as('viewer')('GET', path, { headers: { 'if-none-match': String(headers.etag) } })
      const [first, then] = [await again(), await laterOf(api, again)]
      expect([first.statusCode, first.body, then.statusCode, then.body], path).toEqual([304, '', 304, ''])
      await api.as('operator')('PATCH', `jobs/${id}`, { payload: { queue: `for ${path}` } })
      expect((await again()).statusCode, path).toBe(200)
    }
  })

  test('what tells only how time passes is in no tag, though it is in the answer', async () => {
    await using api = await open()
    await api.job()
    for (const path of ['status', 'jobs']) {
      const before = await api.get(path)
      const after = await laterOf(api, () => api.get(path))
      expect(after.body, path).not.toBe(before.body)
      expect(after.headers.etag, path).toBe(before.headers.etag)
    }
  })
})

/** What is answered one second later, of counts read anew. */
function laterOf<Answer>(api: GivenApi, ask: () => Promise<Answer>): Promise<Answer> {
  api.clock.advance(1_000)
  api.admin.touched()
  return ask()
}
