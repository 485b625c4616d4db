import { spoken } from '../core/duration.ts'
import type { AlertLanguage, Notice, NoticeItem } from '../core/notice.ts'
import type { WallClock } from '../core/wallclock.ts'

/** A notice in words, before a channel gives it its form. None of the texts is escaped. */
export interface Told {
  /** One line: a subject, a heading. */
  title: string
  parts: ToldPart[]
  footer: string
}

export interface ToldPart {
  mood: 'bad' | 'good' | 'neutral'
  title: string
  lines: string[]
  link: string | null
}

/** Says a notice in the language, its times by the clock. */
export function tell(notice: Notice, language: AlertLanguage, clock: WallClock): Told {
  const words = WORDS[language]
  const parts = notice.alerts.map((item) => part(item, words, { language, clock }))
  const first = parts[0]?.title ?? ''
  const all = notice.alerts.length + notice.more
  const subject = all > 1 ? `${first} ${words.andOthers(all - 1)}` : first
  const from = notice.installation === null ? 'Faena' : `Faena · ${notice.installation}`
  const more = notice.more > 0 ? [words.notShown(notice.more)] : []
  return {
    title: oneLine(`[${from}] ${subject}`),
    parts,
    footer: [...more, `${from} · ${clock.text(Date.parse(notice.at))} ${clock.zone}`].join('\n'),
  }
}

/** The whole as plain text. */
export function plainText({ title, parts, footer }: Told): string {
  const blocks = parts.map((one) => [one.title, ...one.lines, ...(one.link === null ? [] : [one.link])].join('\n'))
  return [...(parts.length === 1 ? [] : [title]), ...blocks, footer].join('\n\n')
}

interface Setting {
  language: AlertLanguage
  clock: WallClock
}

function part(item: NoticeItem, words: Words, { language, clock }: Setting): ToldPart {
  const number = (value: number | undefined) => (value ?? 0).toLocaleString(language)
  const time = (iso: string) => `${clock.text(Date.parse(iso))} ${clock.zone}`
  const span = (ms: number | undefined) => spoken(ms ?? 0)
  const { event, detail, subject } = item
  const facts: Facts = { number, time, span, item }
  const over = event === 'resolved'
  const title = event === 'test' ? words.test : over ? words.over(item) : words.title[item.rule](facts)
  const lines =
    event === 'test' ? [words.testLine] : over ? [words.overLine(facts)] : words.lines[item.rule](facts).filter(Boolean)
  const still = event === 'continues' ? [words.still(facts)] : []
  const hint = hintOf(item)
  return {
    mood: event === 'test' ? 'neutral' : over ? 'good' : 'bad',
    title: oneLine(title),
    lines: [...(detail.headline && !over ? [oneLine(detail.headline)] : []), ...lines, ...still, ...hint].map(visible),
    link: item.link,
  }

  function hintOf({ rule, key }: NoticeItem): string[] {
    if (over || event === 'test') return []
    const look = {
      failed: `faena show ${detail.failedId}`,
      waiting: `faena jobs --queue ${shellWord(subject)}`,
      workers: 'faena workers',
      rate: `faena runs --queue ${shellWord(subject)}`,
      schedule: 'faena schedules',
    }[rule]
    return [`${look} · faena alerts ack ${key}`]
  }
}

function shellWord(text: string): string {
  return /^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

interface Facts {
  number(value: number | undefined): string
  time(iso: string): string
  span(ms: number | undefined): string
  item: NoticeItem
}

interface Words {
  andOthers(count: number): string
  notShown(count: number): string
  test: string
  testLine: string
  title: Record<NoticeItem['rule'], (facts: Facts) => string>
  lines: Record<NoticeItem['rule'], (facts: Facts) => string[]>
  still(facts: Facts): string
  over(item: NoticeItem): string
  overLine(facts: Facts): string
}

const percent = (share: number | undefined) => `${Math.round((share ?? 0) * 100)} %`

const ENGLISH: Words = {
  andOthers: (count) => `and ${count} more`,
  notShown: (count) => `${count} more alerts are not shown here: faena alerts`,
  test: 'A test: this channel works',
  testLine: 'Nothing is wrong. Somebody asked Faena to try this channel.',
  title: {
    failed: ({ item: { event, subject, detail }, number }) =>
      event === 'more' || (detail.fresh ?? 1) > 1
        ? `Job ${subject} failed ${number(detail.fresh)} ${event === 'more' ? 'more ' : ''}times`
        : `Job ${subject} failed for good`,
    waiting: ({ item: { subject, detail }, span }) => `Queue ${subject} has been waiting for ${span(detail.ageMs)}`,
    workers: ({ item: { subject } }) => `No worker for queue ${subject}`,
    rate: ({ item: { subject, detail } }) => `${percent(detail.share)} of attempts fail in queue ${subject}`,
    schedule: ({ item: { subject } }) => `Schedule ${subject} did not run`,
  },
  lines: {
    failed: ({ item: { detail, openedAt }, number, time }) => [
      `Queue ${detail.queue} · ${number(detail.count)} in all since ${time(openedAt)} · newest: failed job ${detail.failedId}`,
    ],
    waiting: ({ item: { detail }, number, span }) => [
      `${detail.jobs === 1 ? '1 job has' : `${number(detail.jobs)} jobs have`} been due for longer than ${span(detail.limitMs)}.`,
    ],
    workers: ({ item: { detail }, number, span }) => [
      detail.jobs === 0
        ? `It must have one at all times, and has had none for ${span(detail.ageMs)}.`
        : detail.jobs === 1
          ? `1 job has been due for ${span(detail.ageMs)}, and no live worker takes it.`
          : `${number(detail.jobs)} jobs are due, the oldest for ${span(detail.ageMs)}, and no live worker takes them.`,
    ],
    rate: ({ item: { detail }, number, span }) => [
      `${number(detail.failures)} of ${number(detail.attempts)} attempts within ${span(detail.overMs)}.`,
    ],
    schedule: ({ item: { detail }, time }) => [
      detail.passedOver
        ? `Its run of ${time(detail.dueAt ?? '')} was passed over.`
        : `Its run has been due since ${time(detail.dueAt ?? '')}. Is a worker there that knows its job?`,
    ],
  },
  still: ({ item: { openedAt }, time }) => `It has been so since ${time(openedAt)}.`,
  over: ({ rule, subject }) =>
    ({
      failed: `Job ${subject} fails no more`,
      waiting: `Over: queue ${subject} is not waiting any more`,
      workers: `Over: queue ${subject} has a worker again`,
      rate: `Over: few attempts fail in queue ${subject}`,
      schedule: `Over: schedule ${subject} runs again`,
    })[rule],
  overLine: ({ item: { openedAt }, time }) => `It had been so since ${time(openedAt)}.`,
}

const SPANISH: Words = {
  andOthers: (count) => `y ${count} más`,
  notShown: (count) => `Hay ${count} avisos más que no se muestran aquí: faena alerts`,
  test: 'Una prueba: este canal funciona',
  testLine: 'No pasa nada. Alguien ha pedido a Faena que pruebe este canal.',
  title: {
    failed: ({ item: { event, subject, detail }, number }) =>
      event === 'more' || (detail.fresh ?? 1) > 1
        ? `El trabajo ${subject} ha fallado ${number(detail.fresh)} veces${event === 'more' ? ' más' : ''}`
        : `El trabajo ${subject} ha fallado definitivamente`,
    waiting: ({ item: { subject, detail }, span }) => `La cola ${subject} lleva esperando ${span(detail.ageMs)}`,
    workers: ({ item: { subject } }) => `Ningún worker atiende la cola ${subject}`,
    rate: ({ item: { subject, detail } }) => `Falla el ${percent(detail.share)} de los intentos en la cola ${subject}`,
    schedule: ({ item: { subject } }) => `El horario ${subject} no se ha ejecutado`,
  },
  lines: {
    failed: ({ item: { detail, openedAt }, number, time }) => [
      `Cola ${detail.queue} · ${number(detail.count)} en total desde ${time(openedAt)} · el último: trabajo fallido ${detail.failedId}`,
    ],
    waiting: ({ item: { detail }, number, span }) => [
      `${detail.jobs === 1 ? '1 trabajo lleva' : `${number(detail.jobs)} trabajos llevan`} más de ${span(detail.limitMs)} pendiente${detail.jobs === 1 ? '' : 's'}.`,
    ],
    workers: ({ item: { detail }, number, span }) => [
      detail.jobs === 0
        ? `Siempre debe tener uno, y lleva ${span(detail.ageMs)} sin ninguno.`
        : detail.jobs === 1
          ? `Hay 1 trabajo pendiente desde hace ${span(detail.ageMs)}, y ningún worker activo lo toma.`
          : `Hay ${number(detail.jobs)} trabajos pendientes, el más antiguo desde hace ${span(detail.ageMs)}, y ningún worker activo los toma.`,
    ],
    rate: ({ item: { detail }, number, span }) => [
      `${number(detail.failures)} de ${number(detail.attempts)} intentos en ${span(detail.overMs)}.`,
    ],
    schedule: ({ item: { detail }, time }) => [
      detail.passedOver
        ? `Se ha saltado su ejecución de las ${time(detail.dueAt ?? '')}.`
        : `Su ejecución está pendiente desde ${time(detail.dueAt ?? '')}. ¿Hay algún worker que conozca su trabajo?`,
    ],
  },
  still: ({ item: { openedAt }, time }) => `Sigue así desde ${time(openedAt)}.`,
  over: ({ rule, subject }) =>
    ({
      failed: `El trabajo ${subject} ya no falla`,
      waiting: `Resuelto: la cola ${subject} ya no espera`,
      workers: `Resuelto: la cola ${subject} vuelve a tener un worker`,
      rate: `Resuelto: fallan pocos intentos en la cola ${subject}`,
      schedule: `Resuelto: el horario ${subject} vuelve a ejecutarse`,
    })[rule],
  overLine: ({ item: { openedAt }, time }) => `Estaba así desde ${time(openedAt)}.`,
}

const WORDS: Record<AlertLanguage, Words> = { en: ENGLISH, es: SPANISH }

function oneLine(text: string): string {
  return visible(text.replace(/\s+/g, ' ').trim()).slice(0, 400)
}

/** Control signs and those that turn the direction of writing could make a text look like another. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '�')
}
