import type { TFunction } from 'i18next'
import type { ReactNode } from 'react'
import type { FailedRow, JobRow } from '../../api/client.ts'
import { shown } from '../../lists/surfaced.ts'
import { Badge } from '../../ui/Badge.tsx'
import { QueueName } from '../../ui/QueueName.tsx'

/** What is told of a job whether it waits, runs or failed. */
export function rowFacts(t: TFunction, row: JobRow | FailedRow, surfaced: readonly string[]): [string, ReactNode][] {
  return [
    [
      t('columns.id'),
      <code key="id" className="font-mono text-xs">
        {String(row.id)}
      </code>,
    ],
    [
      'UUID',
      row.uuid === null ? null : (
        <code key="uuid" className="break-all font-mono text-xs">
          {row.uuid}
        </code>
      ),
    ],
    [t('columns.queue'), <QueueName key="queue" name={row.queue} linked />],
    [t('job.name'), row.name !== null && row.name !== row.job_class ? row.name : null],
    ...surfaced.map((name): [string, ReactNode] => [
      name,
      row[name] === null || row[name] === undefined ? null : shown(row[name]),
    ]),
    [
      t('job.tags'),
      row.tags.length > 0 && (
        <span key="tags" className="flex flex-wrap gap-1">
          {row.tags.map((tag) => (
            <Badge key={tag}>{tag}</Badge>
          ))}
        </span>
      ),
    ],
  ]
}
