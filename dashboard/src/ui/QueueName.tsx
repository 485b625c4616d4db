import { Link } from '@tanstack/react-router'

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
    <Link to="/jobs" search={{ queue: name } as never} className={`${shape} font-medium hover:underline`} title={name}>
      {name}
    </Link>
  )
}
