/** Our own signs, on a grid of 16, drawn with one stroke so that they sit well beside text. */
const PATHS = {
  overview: 'M2.5 9.5h4v4h-4zM2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM9.5 9.5h4v4h-4z',
  jobs: 'M2.5 4h11M2.5 8h11M2.5 12h7',
  failed: 'M8 2.2 14.3 13.3H1.7zM8 6.4v3M8 11.3v.1',
  queues: 'M2.5 3h11v3h-11zM2.5 8h11v2h-11zM2.5 12h11v1.5h-11z',
  workers:
    'M8 2v2M8 12v2M2 8h2M12 8h2M4 4l1.2 1.2M10.8 10.8 12 12M12 4l-1.2 1.2M5.2 10.8 4 12M10.2 8a2.2 2.2 0 1 1-4.4 0 2.2 2.2 0 0 1 4.4 0z',
  schedules: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.6V8l2.4 1.6',
  metrics: 'M2.5 2.5v11h11M5 10.5l2.6-3.4 2 1.8 3.4-4.4',
  alerts: 'M4 11.2V7.4a4 4 0 0 1 8 0v3.8l1.2 1.2H2.8zM6.8 14h2.4',
  audit: 'M3.5 2.5h7l2 2v9h-9zM5.5 6.5h5M5.5 9h5M5.5 11.5h3',
  settings: 'M3 4.5h5M11 4.5h2M3 8h1M7 8h6M3 11.5h5M11 11.5h2M9.5 3v3M5.5 6.5v3M9.5 10v3',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3l3.2 3.2',
  retry: 'M13 8a5 5 0 1 1-1.6-3.7M11.7 1.8v2.8H8.9',
  delete: 'M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.6 9h6.8l.6-9M6.7 7v4M9.3 7v4',
  cancel: 'M4 4l8 8M12 4l-8 8',
  play: 'M5 3.2v9.6L12.6 8z',
  pause: 'M5.2 3.5v9M10.8 3.5v9',
  more: 'M3.5 8h.1M8 8h.1M12.5 8h.1',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  down: 'M4 6.2 8 10l4-3.8',
  up: 'M4 9.8 8 6l4 3.8',
  right: 'M6.2 4 10 8l-3.8 4',
  left: 'M9.8 4 6 8l3.8 4',
  check: 'M3 8.4l3.2 3.2L13 4.8',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.4v3.4M8 5.2v.1',
  sun: 'M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9',
  moon: 'M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8z',
  system: 'M2.5 3h11v7.5h-11zM5.5 13.2h5',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  download: 'M8 2.5v7.5M4.8 7.2 8 10.3l3.2-3.1M2.5 13.3h11',
  filter: 'M2.5 3.5h11L9.4 8.4v4.1l-2.8 1V8.4z',
  plus: 'M8 3v10M3 8h10',
  keyboard: 'M1.8 4h12.4v8H1.8zM4.4 6.6h.1M7 6.6h.1M9.6 6.6h.1M12 6.6h.1M5 9.5h6',
  user: 'M8 8a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 8 8zM2.8 13.5c.6-2.4 2.6-3.7 5.2-3.7s4.6 1.3 5.2 3.7',
  logout: 'M6.5 2.5h-4v11h4M9.8 5.2 12.8 8l-3 2.8M12.5 8H6',
  lock: 'M3.8 7.2h8.4v6.3H3.8zM5.4 7.2V5a2.6 2.6 0 0 1 5.2 0v2.2',
  offline:
    'M2.5 2.5l11 11M4.6 8.6a4.8 4.8 0 0 1 2-1.2M9.7 7.5c.7.3 1.3.6 1.8 1.1M2.4 6.3c.8-.8 1.7-1.4 2.7-1.8M8 4c2.1 0 4.1.8 5.6 2.3M8 11.8v.1',
  table: 'M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.7h11M6.3 6.3V13',
  eye: 'M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8zM8 9.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6z',
} as const

export type IconName = keyof typeof PATHS

/** Says nothing to a screen reader: the word beside it, or the label of its button, does. */
export function Icon({ name, className = '' }: { name: IconName; className?: string }) {
  const heavy = name === 'more' || name === 'keyboard'
  return (
    <svg
      viewBox="0 0 16 16"
      className={`size-4 shrink-0 ${className}`}
      fill="none"
      stroke="currentColor"
      strokeWidth={heavy ? 1.9 : 1.4}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}
