import type { TFunction } from 'i18next'
import type { ReactNode } from 'react'
import type { Column } from '../table/column.ts'
import { QueueName } from '../ui/QueueName.tsx'
import { shown } from './surfaced.ts'

/** Columns that lists of jobs have in common, whether they wait, run or failed. */

/** More fields than this make a table wider than a screen. */
const MOST_FIELDS = 2

export function queueColumn<Row extends { queue: string }>(t: TFunction): Column<Row> {
  return {
    id: 'queue',
    header: t('columns.queue'),
    width: 'minmax(5rem, 1fr)',
    cell: (row) => <QueueName name={row.queue} />,
  }
}

export function surfacedColumns<Row extends { [name: string]: unknown }>(names: readonly string[]): Column<Row>[] {
  return names.slice(0, MOST_FIELDS).map((name) => ({
    id: name,
    header: name,
    width: 'minmax(5rem, 0.7fr)',
    from: 1180,
    cell: (row) => <span className="block truncate">{shown(row[name])}</span>,
  }))
}

export function actionsColumn<Row>(t: TFunction, cell: (row: Row) => ReactNode): Column<Row> {
  return {
    id: 'actions',
    header: t('common.actions'),
    quietHeader: true,
    width: '8.75rem',
    align: 'end',
    card: 'corner',
    cell,
  }
}
