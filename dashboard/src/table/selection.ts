/** Rows that are selected, by their ids; whoever shows the table keeps them. */
export interface Selection {
  ids: ReadonlySet<string>
  onChange: (ids: ReadonlySet<string>) => void
}
