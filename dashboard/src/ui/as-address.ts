/**
 * Parameters of an address, or a whole one, for the router. Its routes are made from the list of pages, so their types know
 * no path and no parameter, and ask for `never` where a page's parameters go: this is the one place that passes over it.
 */
export function asAddress(parameters: object): never {
  return parameters as never
}
