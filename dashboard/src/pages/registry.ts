import type { ComponentType } from 'react'
import type { Role } from '../api/client.ts'
import type { IconName } from '../ui/Icon.tsx'

/** A page in the navigation. How one is added: README.md. */
export interface PageEntry {
  /** Its name in the catalogues: `nav.<id>`. */
  id: 'overview' | 'jobs' | 'failed'
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
]

/** Pages that others lead to. */
export const INNER_PAGES: readonly { path: string; load: PageEntry['load'] }[] = [
  { path: '/jobs/$id', load: () => import('./job/LiveJob.tsx') },
  { path: '/failed/$id', load: () => import('./job/FailedJob.tsx') },
]
