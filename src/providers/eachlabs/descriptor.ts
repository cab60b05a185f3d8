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
  origins: { api: 'https://api.eachlabs.ai' },
  create: createEachlabs,
})
