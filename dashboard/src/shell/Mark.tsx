/** The sign of the product: a queue, and the job that leaves it. */
export function Mark({ className = 'size-6' }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#0b5f58" />
      <path d="M8 10.5h16M8 16h11M8 21.5h6" stroke="#fff" strokeWidth="3" strokeLinecap="round" />
      <circle cx="22.5" cy="21.5" r="2.5" fill="#f3c26b" />
    </svg>
  )
}
