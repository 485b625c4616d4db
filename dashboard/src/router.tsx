import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { facts } from './mount.ts'
import { INNER_PAGES, PAGES } from './pages/registry.ts'
import { NotFound } from './shell/NotFound.tsx'
import { PageFailed } from './shell/PageFailed.tsx'
import { Shell } from './shell/Shell.tsx'
import { Skeleton } from './ui/States.tsx'
import { parseSearch, stringifySearch } from './ui/use-url-state.ts'

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound })

const routes = [...PAGES, ...INNER_PAGES].map(({ path, load }) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load) }),
)

/** Pages are fetched when they are opened, or pointed at. */
export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: facts.base === '' ? undefined : facts.base,
  defaultPreload: 'intent',
  defaultPendingComponent: () => <Skeleton />,
  defaultErrorComponent: PageFailed,
  scrollRestoration: true,
  parseSearch,
  stringifySearch,
})
