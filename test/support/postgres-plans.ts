import type pg from 'pg'

/** The plans of what this connection runs from now on, statements inside functions too, as the server tells of them. */
export async function plansOf(client: Pick<pg.ClientBase, 'on' | 'query'>): Promise<string[]> {
  const plans: string[] = []
  client.on('notice', ({ message }) => plans.push(String(message)))
  await client.query(`load 'auto_explain'`)
  await client.query(
    `set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on; set client_min_messages = log`,
  )
  return plans
}
