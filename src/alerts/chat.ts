import type { Told, ToldPart } from './texts.ts'

/** What each chat service takes, as plain data. Texts are escaped for the one they go to. */

const COLOURS = { bad: 0xb42318, good: 0x067647, neutral: 0x475467 } as const
const SIGNS = { bad: '🔴', good: '🟢', neutral: '⚪' } as const

/** A message of Slack: at most 50 blocks, of 3,000 characters each. */
export function slackBody(told: Told): unknown {
  const section = (part: ToldPart) => {
    const title = part.link === null ? slackText(part.title) : `<${slackLink(part.link)}|${slackText(part.title)}>`
    const text = [`${SIGNS[part.mood]} *${title}*`, ...part.lines.map(slackText)].join('\n')
    return { type: 'section', text: { type: 'mrkdwn', text: cut(text, 3_000) } }
  }
  return {
    text: cut(slackText(told.title), 3_000),
    blocks: [
      ...told.parts.slice(0, 40).map(section),
      { type: 'context', elements: [{ type: 'mrkdwn', text: cut(slackText(told.footer), 2_000) }] },
    ],
  }
}

function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function slackLink(link: string): string {
  return link.replaceAll('|', '%7C').replaceAll('>', '%3E')
}

/** An adaptive card, as the webhooks of Teams' workflows take it. */
export function teamsBody(told: Told): unknown {
  const block = (text: string, more: object = {}) => ({ type: 'TextBlock', text: markdown(text), wrap: true, ...more })
  const colours = { bad: 'attention', good: 'good', neutral: 'default' } as const
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          fallbackText: told.title,
          body: [
            ...told.parts.flatMap((part) => [
              block(part.title, { weight: 'bolder', size: 'medium', color: colours[part.mood] }),
              ...part.lines.map((line) => block(line, { spacing: 'small' })),
            ]),
            block(told.footer, { isSubtle: true, size: 'small' }),
          ],
          actions: told.parts
            .flatMap(({ link, title }) =>
              link === null ? [] : [{ type: 'Action.OpenUrl', title: cut(title, 60), url: link }],
            )
            .slice(0, 5),
        },
      },
    ],
  }
}

/** Ten embeds at most; nobody is called by what an error happens to say. */
export function discordBody(told: Told): unknown {
  return {
    content: cut(markdown(told.title), 2_000),
    embeds: told.parts.slice(0, 10).map((part) => ({
      title: cut(part.title, 256),
      description: cut(part.lines.map(markdown).join('\n'), 500),
      color: COLOURS[part.mood],
      ...(part.link !== null && { url: part.link }),
    })),
    allowed_mentions: { parse: [] },
  }
}

/** HTML as Telegram knows it, at most 4,096 characters. */
export function telegramBody(told: Told, chat: string): unknown {
  const blocks: string[] = []
  let length = 0
  for (const { title, lines, link, mood } of told.parts) {
    const heading = link === null ? html(title) : `<a href="${html(link)}">${html(title)}</a>`
    const block = [`${SIGNS[mood]} <b>${heading}</b>`, ...lines.map((line) => html(cut(line, 400)))].join('\n')
    length += block.length + 2
    // Cut between blocks, never within a tag.
    if (length > 3_500) break
    blocks.push(block)
  }
  return {
    chat_id: chat,
    text: [...blocks, `<i>${html(told.footer)}</i>`].join('\n\n'),
    parse_mode: 'HTML',
    link_preview_options: { is_disabled: true },
  }
}

export function html(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

function markdown(text: string): string {
  return text.replace(/[\\*_~`|>[\]#@]/g, (sign) => (sign === '@' ? '@\u200b' : `\\${sign}`))
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}
