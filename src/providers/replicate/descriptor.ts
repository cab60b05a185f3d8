import { defineProvider } from '../descriptor.ts'
import { replicateCapabilities, ReplicateProvider } from './provider.ts'

export const replicate = defineProvider({
  id: 'replicate',
  name: 'Replicate',
  keyVariable: 'REPLICATE_API_TOKEN',
  concurrency: 4,
  createsPerMinute: 60,
  capabilities: replicateCapabilities,
  origins: { api: 'https://api.replicate.com' },
  create: (account, context) => new ReplicateProvider(account, context),
})
