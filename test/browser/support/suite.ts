import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { launchBrowser, noBrowser } from './chromium.ts'
import { type Installation, type InstallationOptions, install } from './installation.ts'
import { openPanel, type Panel, type PanelOptions } from './panel.ts'

export interface Given {
  readonly shop: Installation
  readonly browser: Browser
  /** A window of its own; at the end of the test it is closed, and nothing may have been wrong in it. */
  open(options?: PanelOptions): Promise<Panel>
}

/**
 * Cases on one installation with a server, users ana (admin), otto (operator) and vera (viewer), and a browser. A case fails
 * on any console error, uncaught error, violation of the policy or request to elsewhere that it did not announce.
 */
export function inBrowser(
  group: string,
  cases: (given: Given) => void,
  options: InstallationOptions | (() => Promise<InstallationOptions>) = {},
): void {
  describe.skipIf(noBrowser !== undefined)(`${group}${noBrowser === undefined ? '' : ` (${noBrowser})`}`, () => {
    let browser: Browser
    let shop: Installation
    let panels: Panel[] = []

    beforeAll(async () => {
      browser = await launchBrowser()
      shop = await install(typeof options === 'function' ? await options() : options)
      await shop.user('ana', 'admin')
      await shop.user('otto', 'operator')
      await shop.user('vera', 'viewer')
    })

    afterEach(async () => {
      const faults = panels.flatMap((panel) => panel.faults)
      await Promise.all(panels.map((panel) => panel.close()))
      panels = []
      expect(faults).toEqual([])
    })

    afterAll(async () => {
      await browser?.close()
      await shop?.close()
    })

    cases({
      get shop() {
        return shop
      },
      get browser() {
        return browser
      },
      async open(wishes) {
        const panel = await openPanel(browser, shop, wishes)
        panels.push(panel)
        return panel
      },
    })
  })
}
