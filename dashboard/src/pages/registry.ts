import type { ComponentType } from 'react'
import type { Role } from '../api/client.ts'
import { withWords } from '../i18n/index.ts'
import type { IconName } from '../ui/Icon.tsx'

/** A page in the navigation. How one is added: README.md. */
export interface PageEntry {
  /** Its name in the catalogues: `nav.<id>`. */
  id: 'overview' | 'jobs' | 'failed' | 'queues' | 'workers' | 'schedules' | 'alerts' | 'metrics' | 'audit' | 'settings'
  /** Below the mount. `/metrics`, `/health` and `/api` belong to the server. */
  path: string
  icon: IconName
  /** The smallest role that may see it; others are not shown the way. */
  role: Role
  /** `g`, then this key, goes there. */
  key: string
  load: () => Promise<{ default: ComponentType }>
}

export const PAGES: readonly PageEntry[] = [
  {
    id: 'overview',
    path: '/',
    icon: 'overview',
    role: 'viewer',
    key: 'o',
    load: () => import('./overview/Overview.tsx'),
  },
  { id: 'jobs', path: '/jobs', icon: 'jobs', role: 'viewer', key: 'j', load: () => import('./jobs/Jobs.tsx') },
  {
    id: 'failed',
    path: '/failed',
    icon: 'failed',
    role: 'viewer',
    key: 'f',
    load: () => import('./failed/Failed.tsx'),
  },
  {
    id: 'queues',
    path: '/queues',
    icon: 'queues',
    role: 'viewer',
    key: 'q',
    load: () => withWords(import('./queues/Queues.tsx')),
  },
  {
    id: 'workers',
    path: '/workers',
    icon: 'workers',
    role: 'viewer',
    key: 'w',
    load: () => withWords(import('./workers/Workers.tsx')),
  },
  {
    id: 'schedules',
    path: '/schedules',
    icon: 'schedules',
    role: 'viewer',
    key: 's',
    load: () => withWords(import('./schedules/Schedules.tsx')),
  },
  {
    id: 'alerts',
    path: '/alerts',
    icon: 'alerts',
    role: 'viewer',
    key: 'l',
    load: () => withWords(import('./alerts/Alerts.tsx')),
  },
  {
    id: 'metrics',
    path: '/trends',
    icon: 'metrics',
    role: 'viewer',
    key: 'm',
    load: () => withWords(import('./metrics/Metrics.tsx')),
  },
  {
    id: 'audit',
    path: '/audit',
    icon: 'audit',
    role: 'admin',
    key: 'a',
    load: () => withWords(import('./audit/Audit.tsx')),
  },
  {
    id: 'settings',
    path: '/settings',
    icon: 'settings',
    role: 'viewer',
    key: 'e',
    load: () => withWords(import('./settings/Settings.tsx')),
  },
]

/** Pages that others lead to. */
export const INNER_PAGES: readonly { path: string; load: PageEntry['load'] }[] = [
  { path: '/jobs/$id', load: () => withWords(import('./job/LiveJob.tsx')) },
  { path: '/failed/$id', load: () => withWords(import('./job/FailedJob.tsx')) },
]
