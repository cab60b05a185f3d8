import { allCapabilities } from '../capabilities.ts'
import { defineProvider } from '../descriptor.ts'
import { createFal, fileLifetimeSeconds } from './provider.ts'

export const fal = defineProvider({
  id: 'fal',
  name: 'fal.ai',
  keyVariable: 'FAL_KEY',
  concurrency: 2,
  createsPerMinute: 60,
  capabilities: allCapabilities,
  outputLifetimeMs: fileLifetimeSeconds * 1000,
  // `queue` takes the jobs; `rest` takes the images and publishes the keys that webhooks are signed with.
  origins: { queue: 'https://queue.fal.run', rest: 'https://rest.fal.ai' },
  create: createFal,
})
