import type { ReactNode } from 'react'

export interface Column<Row> {
  id: string
  header: string
  /** The header is read out, not shown: for actions. */
  quietHeader?: boolean
  cell: (row: Row) => ReactNode
  /** A track of a CSS grid, such as `minmax(10rem, 2fr)` or `6rem`. */
  width: string
  align?: 'end'
  /** Makes the header sort by this value; only for lists that are there as a whole. */
  sortBy?: (row: Row) => string | number
  /** Left out below this width of the window, in px. */
  from?: number
  /** On phones a row is a card: its title comes first and large, `corner` stands at its right, `none` is left out; the rest follows with its header. */
  card?: 'title' | 'corner' | 'none'
}
