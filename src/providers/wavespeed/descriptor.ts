import { allCapabilities } from '../capabilities.ts'
import { defineProvider } from '../descriptor.ts'
import { createWaveSpeed } from './provider.ts'

export const wavespeed = defineProvider({
  id: 'wavespeed',
  name: 'WaveSpeedAI',
  keyVariable: 'WAVESPEED_API_KEY',
  concurrency: 3,
  createsPerMinute: 5,
  capabilities: allCapabilities,
  // Others report about a week, but no page of WaveSpeed's says so.
  outputLifetimeMs: 24 * 60 * 60_000,
  origins: { api: 'https://api.wavespeed.ai' },
  create: createWaveSpeed,
})
