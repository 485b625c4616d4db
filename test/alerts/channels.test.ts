import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { describe, expect, onTestFinished, test } from 'vitest'
import { alertChannels } from '../../src/alerts/channels.ts'
import { send } from '../../src/alerts/send.ts'
import type { AlertsConfig, ChannelConfig } from '../../src/core/alert-config.ts'
import type { Notice, NoticeItem } from '../../src/core/notice.ts'
import { wallClock } from '../../src/core/wallclock.ts'
import { alertsOf, mailbox, receiver, SIGNING } from './support.ts'

const CLOCK = wallClock('America/Lima')

function item(wish: Partial<NoticeItem> = {}): NoticeItem {
  return {
    ...{ key: 'failed:ab12', rule: 'failed', event: 'opened', subject: 'orders.sync' },
    openedAt: '2025-11-07T19:24:30.000Z',
    detail: {
      count: 1_000,
      fresh: 1_000,
      headline: '<b>Error</b>: @everyone *timeout* & co',
      queue: 'netsuite',
      failedId: 45,
    },
    link: 'https://queue.example.com/failed/45',
    ...wish,
  }
}

function notice(...alerts: NoticeItem[]): Notice {
  return {
    ...{ id: '019b76da-a800-7000-8000-000000000001', at: '2025-11-07T19:25:00.000Z', installation: 'shop' },
    ...{ alerts: alerts.length === 0 ? [item()] : alerts, more: 0 },
  }
}

async function tell(channel: ChannelConfig, told: Notice = notice(), config: AlertsConfig = {}): Promise<void> {
  const settings = alertsOf({ allowPrivate: ['127.0.0.1'], channels: { ops: channel }, ...config })
  await send(settings.channels[0]!, told, { settings, clock: CLOCK, signal: new AbortController().signal })
}

/** The body that the channel posts, as an object. */
async function posted(channel: (url: string) => ChannelConfig, told?: Notice): Promise<Record<string, unknown>> {
  const { url, received } = await receiver()
  await tell(channel(url), told)
  return JSON.parse(received[0]!.body) as Record<string, unknown>
}

/** The subject as a mail program shows it. */
function subjectOf(mail: string): string {
  const encoded = /^Subject: (.*(?:\r\n[ \t].*)*)/m.exec(mail)?.[1] ?? ''
  const bytes = encoded
    .replace(/\?=\s+=\?UTF-8\?Q\?/g, '')
    .replace(/^=\?UTF-8\?Q\?|\?=$/g, '')
    .replaceAll('_', ' ')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}

describe('by e-mail', () => {
  test('a notice goes through a real server to all recipients, as text and as HTML in which nothing is markup of others', async () => {
    const box = await mailbox()

    await tell({
      type: 'email',
      url: box.url,
      from: 'Faena <faena@example.com>',
      to: ['ana@example.com', 'luis@example.com'],
    })

    const [mail] = box.mails
    expect(mail).toMatchObject({ from: 'faena@example.com', to: ['ana@example.com', 'luis@example.com'] })
    const text = mail!.text.replace(/(?<!\?)=\r\n/g, '').replaceAll('=3D', '=')
    expect(subjectOf(mail!.text)).toBe('[Faena · shop] Job orders.sync failed 1,000 times')
    expect(text).toMatch(/^Message-ID: <019b76da-a800-7000-8000-000000000001@faena>/im)
    expect(text).toMatch(/^Auto-Submitted: auto-generated/im)
    expect(text).toContain('<b>Error</b>: @everyone *timeout* & co')
    expect(text).toContain('&lt;b&gt;Error&lt;/b&gt;: @everyone *timeout* &amp; co')
    expect(text).toContain('https://queue.example.com/failed/45')
    expect(text).toContain('2025-11-07 14:24:30 America/Lima')
  })

  test('a notice whose texts hold line feeds cannot add a header', async () => {
    const box = await mailbox()
    const subject = 'orders\r\nBcc: thief@example.com\r\n\r\nsync'

    await tell(
      { type: 'email', url: box.url, from: 'faena@example.com', to: 'ana@example.com' },
      notice(item({ subject })),
    )

    expect(box.mails[0]!.to).toEqual(['ana@example.com'])
    expect(box.mails[0]!.text).not.toMatch(/^Bcc:/im)
  })

  test.each([
    [550, true],
    [451, false],
  ])('a server that says %i to a recipient is tried no more: %s', async (code, final) => {
    const box = await mailbox({ code })

    await expect(
      tell({ type: 'email', url: box.url, from: 'faena@example.com', to: 'ana@example.com' }),
    ).rejects.toMatchObject({ final, message: expect.stringContaining(String(code)) })
  })

  test('a wrong password is told without being shown', async () => {
    const box = await mailbox()
    const url = box.url.replace('p%40ss%20word', 'hunter2')

    const error = await tell({ type: 'email', url, from: 'faena@example.com', to: 'ana@example.com' }).catch(
      (thrown: Error) => thrown,
    )

    expect(error).toMatchObject({ final: false, message: expect.stringContaining('EAUTH') })
    expect(String((error as Error).stack)).not.toContain('hunter2')
  })

  test('a server that says nothing is not waited for beyond the time there is', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const time = new AbortController()
    const url = `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`
    const settings = alertsOf({
      channels: { ops: { type: 'email', url, from: 'faena@example.com', to: 'ana@example.com' } },
    })

    const sending = send(settings.channels[0]!, notice(), { settings, clock: CLOCK, signal: time.signal })
    const [socket] = (await once(server, 'connection')) as [Socket]
    onTestFinished(() => void socket.destroy())
    time.abort()

    await expect(sending).rejects.toMatchObject({
      name: 'NotTold',
      message: '127.0.0.1 took no mail: it took too long',
    })
  })

  test('a password is not sent over a line that cannot be encrypted, unless that is asked for', async () => {
    const box = await mailbox()
    const url = box.url.replace('?tls=off', '')

    await expect(tell({ type: 'email', url, from: 'faena@example.com', to: 'ana@example.com' })).rejects.toThrow('ETLS')
    expect(box.mails).toEqual([])
  })
})

describe('by webhook', () => {
  test('a notice is signed as Standard Webhooks has it, by the same id each time', async () => {
    const { url, received } = await receiver()

    await tell({ type: 'webhook', url, secret: SIGNING })
    await tell({ type: 'webhook', url, secret: SIGNING })

    const ids = received.map(({ headers, body }) => {
      const verified = new Webhook(SIGNING).verify(body, headers as Record<string, string>)
      expect(verified).toMatchObject({
        type: 'faena.alert',
        timestamp: '2025-11-07T19:25:00.000Z',
        data: { installation: 'shop', alerts: [{ key: 'failed:ab12', detail: { count: 1_000 } }] },
      })
      expect(() => new Webhook(SIGNING).verify(`${body} `, headers as Record<string, string>)).toThrow()
      return headers['webhook-id']
    })
    expect(ids).toEqual([notice().id, notice().id])
  })

  test('Slack is given text in which an error can neither link nor call anybody', async () => {
    const body = await posted((url) => ({ type: 'slack', url }))

    expect(body.text).toBe('[Faena · shop] Job orders.sync failed 1,000 times')
    const [section] = body.blocks as { text: { type: string; text: string } }[]
    expect(section!.text.type).toBe('mrkdwn')
    expect(section!.text.text).toContain('<https://queue.example.com/failed/45|Job orders.sync failed 1,000 times>')
    expect(section!.text.text).toContain('&lt;b&gt;Error&lt;/b&gt;: @everyone *timeout* &amp; co')
  })

  test('Teams is given an adaptive card', async () => {
    const body = await posted((url) => ({ type: 'teams', url }))

    const [card] = body.attachments as { contentType: string; content: Record<string, unknown> }[]
    expect(card!.contentType).toBe('application/vnd.microsoft.card.adaptive')
    expect(card!.content).toMatchObject({
      type: 'AdaptiveCard',
      body: expect.arrayContaining([
        expect.objectContaining({ color: 'attention', text: expect.stringContaining('orders.sync') }),
      ]),
      actions: [{ type: 'Action.OpenUrl', url: 'https://queue.example.com/failed/45' }],
    })
  })

  test('Discord is given embeds that call nobody', async () => {
    const body = await posted((url) => ({ type: 'discord', url }))

    expect(body).toMatchObject({
      allowed_mentions: { parse: [] },
      embeds: [{ title: 'Job orders.sync failed 1,000 times', url: 'https://queue.example.com/failed/45' }],
    })
    expect(JSON.stringify(body)).not.toContain('@everyone')
  })

  test('Telegram is given escaped HTML for its chat, at the address of the bot', async () => {
    const { url, received } = await receiver()
    const { origin } = new URL(url)

    await tell({ type: 'telegram', url: origin, token: '123456:ABC-DEF1234ghIkl', chat: -100_123 })

    expect(received[0]!.path).toBe('/bot123456:ABC-DEF1234ghIkl/sendMessage')
    const body = JSON.parse(received[0]!.body) as { text: string }
    expect(body).toMatchObject({ chat_id: '-100123', parse_mode: 'HTML' })
    expect(body.text).toContain('&lt;b&gt;Error&lt;/b&gt;')
  })

  test('what is too long for a place is cut to what it takes', async () => {
    const long = notice(
      ...Array.from({ length: 20 }, () => item({ detail: { headline: 'x'.repeat(5_000), failedId: 1 } })),
    )
    const { url, received } = await receiver()
    for (const type of ['slack', 'teams', 'discord'] as const) await tell({ type, url }, long)
    await tell({ type: 'telegram', url: new URL(url).origin, token: '123456:ABC-DEF1234ghIkl', chat: 1 }, long)

    const [slack, , discord, telegram] = received.map(({ body }) => JSON.parse(body))
    expect(slack.blocks.length).toBeLessThanOrEqual(50)
    for (const { text } of slack.blocks.slice(0, -1)) expect(text.text.length).toBeLessThanOrEqual(3_000)
    expect(discord.embeds).toHaveLength(10)
    expect(JSON.stringify(discord.embeds).length).toBeLessThanOrEqual(9_000)
    expect(telegram.text.length).toBeLessThanOrEqual(4_096)
  })
})

describe('by a function of the application', () => {
  test('a notice is handed over with its text; what it throws is thrown on', async () => {
    const told: unknown[] = []
    const channel = (error?: Error): ChannelConfig => ({
      type: 'function',
      send: (given, { title, text }) => {
        told.push([given.id, title, text])
        if (error) throw error
      },
    })

    await tell(channel())
    await expect(tell(channel(new Error('pager is down')))).rejects.toThrow('pager is down')

    expect(told[0]).toEqual([
      notice().id,
      '[Faena · shop] Job orders.sync failed 1,000 times',
      expect.stringContaining('faena show 45 · faena alerts ack failed:ab12'),
    ])
  })
})

describe('in words', () => {
  const ITEMS: Partial<NoticeItem>[] = [
    { event: 'opened', detail: { count: 1, fresh: 1, headline: 'boom', queue: 'netsuite', failedId: 45 } },
    { event: 'more', detail: { count: 31, fresh: 30, headline: 'boom', queue: 'netsuite', failedId: 75 } },
    {
      rule: 'waiting',
      subject: 'netsuite',
      key: 'waiting:netsuite',
      detail: { jobs: 41, ageMs: 362_000, limitMs: 300_000 },
    },
    {
      rule: 'waiting',
      subject: 'netsuite',
      event: 'continues',
      detail: { jobs: 41, ageMs: 9_000_000, limitMs: 300_000 },
    },
    { rule: 'waiting', subject: 'netsuite', event: 'resolved', detail: { jobs: 41, ageMs: 362_000, limitMs: 300_000 } },
    { rule: 'workers', subject: 'cases', detail: { jobs: 12, ageMs: 61_000, limitMs: 60_000 } },
    { rule: 'workers', subject: 'cases', detail: { jobs: 1, ageMs: 61_000, limitMs: 60_000 } },
    { rule: 'workers', subject: 'cases', detail: { jobs: 0, ageMs: 61_000, limitMs: 60_000 } },
    { rule: 'rate', subject: 'netsuite', detail: { failures: 20, attempts: 50, share: 0.4, overMs: 600_000 } },
    { rule: 'schedule', subject: 'cases.nightly', detail: { dueAt: '2025-11-07T08:00:00.000Z', limitMs: 300_000 } },
    { rule: 'schedule', subject: 'cases.nightly', detail: { dueAt: '2025-11-07T08:00:00.000Z', passedOver: true } },
  ]

  test.each(['en', 'es'] as const)('every notice is said in %s', async (language) => {
    const texts: string[] = []
    const channel: ChannelConfig = { type: 'function', language, send: (_, { text }) => texts.push(text) }
    for (const each of ITEMS) await tell(channel, notice(item({ link: null, ...each })))

    expect(texts.join('\n\n────\n\n')).toMatchSnapshot()
  })

  test('signs that turn the direction of writing, and control signs, are shown as what cannot be shown', async () => {
    let text = ''
    const channel: ChannelConfig = { type: 'function', send: (_, told) => (text = told.text) }

    await tell(channel, notice(item({ detail: { headline: 'a\u202egnp.exe\u001b[31m\u0000b', failedId: 1 } })))

    expect(text).toContain('a�gnp.exe�[31m�b')
  })
})

describe('a test of a channel', () => {
  test('tells it that nothing is wrong', async () => {
    const { url, received } = await receiver()
    const settings = alertsOf({
      allowPrivate: ['127.0.0.1'],
      language: 'es',
      channels: { ops: { type: 'slack', url } },
    })

    const tried = await alertChannels(settings, 'America/Lima').test('ops')

    expect(tried).toEqual({ delivered: true, ms: expect.any(Number), error: null })
    expect(received[0]!.body).toContain('Una prueba: este canal funciona')
  })

  test('says why it did not work, without a secret', async () => {
    const place = await receiver()
    place.answer(403, {}, 'invalid token')
    const settings = alertsOf({ allowPrivate: ['127.0.0.1'], channels: { ops: { type: 'slack', url: place.url } } })
    const channels = alertChannels(settings, 'America/Lima')

    expect(await channels.test('ops')).toMatchObject({ delivered: false, error: '127.0.0.1 answered 403' })
    await expect(channels.test('pager')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('ops'),
    })
    expect(JSON.stringify(channels.list())).not.toContain('secret-path')
  })
})
