import { Link } from '@tanstack/react-router'
import { asAddress } from './as-address.ts'

/** Names of queues are anything: long ones are cut, and stand in full in the title. */
export function QueueName({ name, linked = false }: { name: string; linked?: boolean }) {
  const shape = 'block max-w-full truncate'
  if (!linked) {
    return (
      <span className={shape} title={name}>
        {name}
      </span>
    )
  }
  return (
    <Link
      to="/jobs"
      search={asAddress({ queue: name })}
      className={`${shape} font-medium hover:underline`}
      title={name}
    >
      {name}
    </Link>
  )
}
