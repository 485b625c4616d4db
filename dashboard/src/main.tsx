import './styles.css'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { queryClient } from './api/query-client.ts'
import { startLanguage } from './i18n/index.ts'
import { applyTheme } from './prefs/theme.ts'
import { router } from './router.tsx'
import { followSignInLink } from './session/link.ts'
import { SessionGate } from './session/SessionGate.tsx'
import { Toasts } from './ui/Toasts.tsx'

applyTheme()
await startLanguage()
await followSignInLink()

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <SessionGate>
        <RouterProvider router={router} />
      </SessionGate>
      <Toasts />
    </QueryClientProvider>
  </StrictMode>,
)
