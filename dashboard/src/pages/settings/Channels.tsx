import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type Alert, api, ask } from '../../api/client.ts'
import { tellProblem } from '../../api/use-action.ts'
import { formatDuration } from '../../i18n/format.ts'
import { useT } from '../../i18n/index.ts'
import { useMay } from '../../session/use-me.ts'
import type { Column } from '../../table/column.ts'
import { DataTable } from '../../table/DataTable.tsx'
import { Button } from '../../ui/Button.tsx'
import { Section } from '../../ui/Page.tsx'
import { toast } from '../../ui/toasts.ts'

interface Channel {
  name: string
  type: string
  rules: Alert['rule'][]
}

/** Who is told of alerts. Nothing is shown where nobody is. */
export function Channels() {
  const t = useT()
  const mayTest = useMay('admin')
  const { data: channels = [] } = useQuery({
    queryKey: ['settings', 'channels'],
    queryFn: async ({ signal }): Promise<Channel[]> => {
      const { channels } = await ask(api.GET('/api/v1/queue/alerts', { signal, params: { query: { limit: 1 } } }))
      return channels
    },
  })
  if (channels.length === 0) return null
  const columns: Column<Channel>[] = [
    {
      id: 'name',
      header: t('settingsPage.channel'),
      width: 'minmax(8rem, 1fr)',
      card: 'title',
      cell: ({ name }) => <span className="font-medium">{name}</span>,
    },
    { id: 'type', header: t('settingsPage.channelType'), width: 'minmax(6rem, 1fr)', cell: ({ type }) => type },
    {
      id: 'rules',
      header: t('settingsPage.channelRules'),
      width: 'minmax(10rem, 3fr)',
      cell: ({ rules }) => rules.map((rule) => t(`alerts.ruleNames.${rule}`)).join(', '),
    },
  ]
  if (mayTest) {
    columns.push({
      id: 'actions',
      header: t('common.actions'),
      width: '9rem',
      align: 'end',
      card: 'corner',
      cell: (channel) => <SendTest channel={channel} />,
    })
  }
  return (
    <Section title={t('settingsPage.channels')} flush>
      <DataTable
        label={t('settingsPage.channels')}
        rows={channels}
        columns={columns}
        rowId={({ name }) => name}
        rowName={({ name }) => name}
      />
    </Section>
  )
}

function SendTest({ channel: { name } }: { channel: Channel }) {
  const t = useT()
  const [busy, setBusy] = useState(false)
  const test = async () => {
    setBusy(true)
    try {
      const path = { name }
      const told = await ask(api.POST('/api/v1/queue/alerts/channels/{name}/test', { params: { path } }))
      const time = formatDuration(told.ms)
      if (told.delivered) toast({ tone: 'done', text: t('settingsPage.testTaken', { name, time }) })
      else toast({ tone: 'problem', text: t('settingsPage.testRefused', { name }), detail: told.error ?? undefined })
    } catch (error) {
      tellProblem(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Button tone="quiet" busy={busy} onClick={() => void test()}>
      {t('settingsPage.test')}
    </Button>
  )
}
