import tailwind from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const EVERYWHERE =
  /dashboard\/src\/(api|live|session\/(?!Login)|prefs|json\/visible|lists\/Loaded|shell\/(?!Help)|operations\/(?!remove)|metrics|i18n\/(index|format)|ui\/(?!ChartCanvas|DialogBody))|node_modules\/(react|react-dom|scheduler|i18next|openapi-fetch|@tanstack\/(react-router|router-core|history|react-query|query-core|react-store|store))\//

/**
 * Relative addresses throughout, so that one build works under any mount path. Nothing is inlined: the policy that the
 * page is served with allows scripts and styles from files of its own origin only.
 */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react(), tailwind()],
  build: {
    outDir: 'dist',
    target: ['chrome123', 'edge123', 'firefox121', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // What every page needs comes in one piece: it compresses better than two dozen small ones.
        codeSplitting: { groups: [{ name: 'base', test: EVERYWHERE }] },
      },
    },
  },
  server: { host: '127.0.0.1', proxy: { '/api': process.env.FAENA_SERVER ?? 'http://127.0.0.1:8080' } },
})
