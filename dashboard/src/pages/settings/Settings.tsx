import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, ask, type Role } from '../../api/client.ts'
import { useT } from '../../i18n/index.ts'
import { mayAct, useMay, useMe } from '../../session/use-me.ts'
import type { Column } from '../../table/column.ts'
import { DataTable } from '../../table/DataTable.tsx'
import { Icon } from '../../ui/Icon.tsx'
import { Page, Section } from '../../ui/Page.tsx'
import { Failed, Skeleton } from '../../ui/States.tsx'
import { Channels } from './Channels.tsx'

const settingsQuery = queryOptions({
  queryKey: ['settings'],
  queryFn: ({ signal }) => ask(api.GET('/api/v1/queue/settings', { signal })),
})

/** What the server was started with, and what each role may do. Nothing is changed here. */
export default function Settings() {
  const t = useT()
  const isAdmin = useMay('admin')
  return (
    <Page title={t('settingsPage.title')}>
      <Rights />
      <Channels />
      {isAdmin ? <Configuration /> : <p className="text-soft text-sm">{t('settingsPage.adminsOnly')}</p>}
    </Page>
  )
}

interface SettingRow {
  name: string
  shown: string
  source: string
}

function Configuration() {
  const t = useT()
  const { data, error, refetch } = useQuery(settingsQuery)
  const columns: Column<SettingRow>[] = [
    {
      id: 'name',
      header: t('settingsPage.name'),
      width: 'minmax(9rem, 1fr)',
      card: 'title',
      sortBy: ({ name }) => name,
      cell: ({ name }) => <code className="font-mono">{name}</code>,
    },
    {
      id: 'value',
      header: t('settingsPage.value'),
      width: 'minmax(12rem, 3fr)',
      cell: ({ shown }) => <span className="block py-1">{shown}</span>,
    },
    {
      id: 'source',
      header: t('settingsPage.source'),
      width: 'minmax(9rem, 1fr)',
      sortBy: ({ source }) => source,
      cell: ({ source }) =>
        source === 'default' ? (
          <span className="text-faint">{t('settingsPage.standard')}</span>
        ) : (
          <code className="font-mono">{source}</code>
        ),
    },
  ]
  return (
    <Section
      title={t('settingsPage.configuration')}
      actions={
        data?.version ? (
          <span className="text-faint text-xs">{t('settingsPage.version', { version: data.version })}</span>
        ) : undefined
      }
      flush
    >
      {data === undefined ? (
        error === null ? (
          <Skeleton />
        ) : (
          <Failed error={error} onRetry={() => void refetch()} />
        )
      ) : data.settings.length === 0 ? (
        <p className="p-4 text-soft text-sm">{t('settingsPage.none')}</p>
      ) : (
        <>
          <p className="border-b px-4 py-2.5 text-soft text-sm">{t('settingsPage.readOnly')}</p>
          <DataTable
            label={t('settingsPage.configuration')}
            rows={data.settings}
            columns={columns}
            rowId={({ name }) => name}
            rowName={({ name }) => name}
          />
        </>
      )}
    </Section>
  )
}

/** In the order of the roles that they need. */
const RIGHTS: readonly { right: 'see' | 'repair' | 'steer' | 'clear' | 'workers' | 'reveal' | 'audit'; role: Role }[] =
  [
    { right: 'see', role: 'viewer' },
    { right: 'repair', role: 'operator' },
    { right: 'steer', role: 'operator' },
    { right: 'clear', role: 'admin' },
    { right: 'workers', role: 'admin' },
    { right: 'reveal', role: 'admin' },
    { right: 'audit', role: 'admin' },
  ]
const ROLES: readonly Role[] = ['viewer', 'operator', 'admin']

function Rights() {
  const t = useT()
  const { role: own } = useMe()
  return (
    <Section title={t('settingsPage.roles')} flush>
      <section
        className="overflow-x-auto"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label={t('settingsPage.roles')}
      >
        <table className="w-full text-sm">
          <thead className="text-faint text-xs">
            <tr>
              <th scope="col" className="px-4 py-2 text-left font-medium">
                {t('settingsPage.action')}
              </th>
              {ROLES.map((role) => (
                <th key={role} scope="col" className="px-3 py-2 text-center font-medium">
                  {t(`roles.${role}`)}
                  {role === own && <span className="block font-normal text-accent">{t('settingsPage.yours')}</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {RIGHTS.map(({ right, role: smallest }) => (
              <tr key={right} className="border-t">
                <th scope="row" className="min-w-48 px-4 py-2 text-left font-normal">
                  {t(`settingsPage.rights.${right}`)}
                </th>
                {ROLES.map((role) => (
                  <td key={role} className="px-3 py-2 text-center">
                    <Mark may={mayAct(role, smallest)} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Section>
  )
}

function Mark({ may }: { may: boolean }) {
  const t = useT()
  return (
    <span className="inline-flex justify-center">
      {may ? (
        <Icon name="check" className="text-green" />
      ) : (
        <span className="text-faint" aria-hidden="true">
          –
        </span>
      )}
      <span className="sr-only">{t(may ? 'settingsPage.may' : 'settingsPage.mayNot')}</span>
    </span>
  )
}
