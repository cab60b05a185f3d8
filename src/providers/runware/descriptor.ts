import { z } from 'zod'

import { wholeNumber } from '../../config/env-schema.ts'
import { allCapabilities } from '../capabilities.ts'
import { defineProvider } from '../descriptor.ts'
import { createRunware } from './provider.ts'
import { clipLifetimeSeconds } from './task.ts'

export const runware = defineProvider({
  id: 'runware',
  name: 'Runware',
  keyVariable: 'RUNWARE_API_KEY',
  concurrency: 4,
  createsPerMinute: 60,
  capabilities: allCapabilities,
  outputLifetimeMs: clipLifetimeSeconds * 1000,
  origins: { api: 'https://api.runware.ai' },
  options: z.object({
    // Less is a smaller file; 95 is Runware's own default.
    RUNWARE_OUTPUT_QUALITY: wholeNumber(20, 99).default(95),
    // Runware's own check of the clip, which it bills separately.
    RUNWARE_SAFETY: z.enum(['none', 'fast', 'full'], 'is none, fast or full').default('none'),
  }),
  create: ({ options, ...account }, context) =>
    createRunware({ ...account, quality: options.RUNWARE_OUTPUT_QUALITY, safety: options.RUNWARE_SAFETY }, context),
})
