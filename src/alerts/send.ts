import type { AlertSettings, ChannelSettings } from '../core/alert-settings.ts'
import type { Notice } from '../core/notice.ts'
import type { WallClock } from '../core/wallclock.ts'
import { discordBody, slackBody, teamsBody, telegramBody } from './chat.ts'
import { sendMail } from './email.ts'
import { safePost } from './safe-post.ts'
import { plainText, tell } from './texts.ts'
import { signedHeaders } from './webhook.ts'

export interface Sending {
  settings: Pick<AlertSettings, 'reachable'>
  /** Times in texts. */
  clock: WallClock
  signal: AbortSignal
}

/** Tells the channel. Rejects with NotTold, or with what a function of the application threw. */
export async function send(
  channel: ChannelSettings,
  notice: Notice,
  { settings, clock, signal }: Sending,
): Promise<void> {
  const told = tell(notice, channel.language, clock)
  const { reachable } = settings
  const post = (url: string, body: string, headers: Record<string, string> = {}) =>
    safePost({ url, body, reachable, signal, headers: { 'content-type': 'application/json', ...headers } })
  switch (channel.type) {
    case 'email':
      return sendMail({ url: channel.url, from: channel.from, to: channel.to, id: notice.id, told, signal })
    case 'slack':
      return post(channel.url, JSON.stringify(slackBody(told)))
    case 'teams':
      return post(channel.url, JSON.stringify(teamsBody(told)))
    case 'discord':
      return post(channel.url, JSON.stringify(discordBody(told)))
    case 'telegram':
      return post(
        `${channel.url.replace(/\/+$/, '')}/bot${channel.token}/sendMessage`,
        JSON.stringify(telegramBody(told, channel.chat)),
      )
    case 'webhook': {
      const body = JSON.stringify({
        type: 'faena.alert',
        timestamp: notice.at,
        data: { ...notice, title: told.title, text: plainText(told) },
      })
      return post(channel.url, body, signedHeaders(channel.secret, notice.id, body))
    }
    case 'function':
      await channel.send(notice, { text: plainText(told), title: told.title, signal })
  }
}

/** What `faena alerts test` sends: a notice like any other, that says nothing is wrong. */
export function testNotice(id: string, now: number, installation: string | null, panel: string | null): Notice {
  const at = new Date(now).toISOString()
  return {
    ...{ id, at, installation, more: 0 },
    alerts: [{ key: 'test', rule: 'failed', event: 'test', subject: 'test', openedAt: at, detail: {}, link: panel }],
  }
}
