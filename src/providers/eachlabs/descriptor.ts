import { allCapabilities } from '../capabilities.ts'
import { defineProvider } from '../descriptor.ts'
import { createEachlabs } from './provider.ts'

export const eachlabs = defineProvider({
  id: 'eachlabs',
  name: 'Eachlabs',
  keyVariable: 'EACHLABS_API_KEY',
  concurrency: 10,
  createsPerMinute: 60,
  capabilities: allCapabilities,
  // Not documented: a day or more.
  outputLifetimeMs: 24 * 60 * 60_000,
  origins: { api: 'https://api.eachlabs.ai' },
  create: createEachlabs,
})
