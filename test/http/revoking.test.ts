import { expect, test, vi } from 'vitest'
import { newJob } from '../support/jobs.ts'
import { apiOn, eachApi, token } from './support.ts'

/** Tokens that somebody else revokes, as `faena token --revoke` does. */

/** What a server remembers of revocations is too old by now. */
function aFewSecondsLater(): Disposable {
  const now = performance.now.bind(performance)
  const ahead = vi.spyOn(performance, 'now').mockImplementation(() => now() + 5_001)
  return { [Symbol.dispose]: () => ahead.mockRestore() }
}

eachApi('tokens that are not in hand', (open) => {
  test('one that is revoked elsewhere is refused by every server once five seconds have passed', async () => {
    await using api = await open()
    await using other = await apiOn({ store: await api.second(), close: async () => {} })
    const statusOf = async (jti: string) => {
      const headers = { authorization: `Bearer ${token({ sub: 'x', jti, role: 'viewer' })}` }
      const answers = [api, other].map(({ as }) => as(null)('GET', 'me', { headers }))
      return (await Promise.all(answers)).map((answer) => answer.json().code ?? answer.statusCode)
    }
    expect([await statusOf('leaked'), await statusOf('kept')]).toEqual([
      [200, 200],
      [200, 200],
    ])

    // Neither server: what the command line writes, and for good.
    await (await api.second()).revoke({ id: 'leaked', expiresAt: Date.UTC(9999, 11, 31) })
    using _later = aFewSecondsLater()
    expect([await statusOf('leaked'), await statusOf('kept')]).toEqual([
      ['TOKEN_REVOKED', 'TOKEN_REVOKED'],
      [200, 200],
    ])
  })

  test('the audit names the jti of the token that something was done with, and what was refused to it', async () => {
    await using api = await open()
    const job = newJob()
    const id = api.raw.insertFailed({ uuid: job.uuid, payload: job.payload })
    const jti = 'b7c1\u0000 '
    const headers = { authorization: `Bearer ${token({ sub: 'x', jti, role: 'operator' })}` }
    await api.as(null)('POST', `retry/${id}`, { headers })
    await api.as(null)('POST', 'clear-failed', { headers })
    const { entries } = (await api.get('audit')).json().data
    expect(entries).toMatchObject([
      { action: 'failed.clear', outcome: 'refused', detail: { code: 'FORBIDDEN', jti } },
      { action: 'failed.retry', outcome: 'done', detail: { jti } },
    ])
  })
})
