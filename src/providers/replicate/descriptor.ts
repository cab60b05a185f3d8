import { defineProvider } from '../descriptor.ts'
import { createReplicate, replicateCapabilities } from './provider.ts'

export const replicate = defineProvider({
  id: 'replicate',
  name: 'Replicate',
  keyVariable: 'REPLICATE_API_TOKEN',
  concurrency: 4,
  createsPerMinute: 60,
  capabilities: replicateCapabilities,
  outputLifetimeMs: 60 * 60_000,
  origins: { api: 'https://api.replicate.com' },
  create: createReplicate,
})
