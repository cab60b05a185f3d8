import { z } from 'zod'

import { dollars, wholeNumber } from '../../config/env-schema.ts'
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
  options: z
    .object({
      // Less is a smaller file; 95 is Runware's own default.
      RUNWARE_OUTPUT_QUALITY: wholeNumber(20, 99).default(95),
      // Runware's own check of the clip, which it bills separately.
      RUNWARE_SAFETY: z.enum(['none', 'fast', 'full'], 'is none, fast or full').default('none'),
      // No page of Runware's says what it costs, and a budget must not be exceeded by what nobody entered.
      RUNWARE_SAFETY_USD: dollars.optional(),
    })
    .refine((options) => options.RUNWARE_SAFETY === 'none' || options.RUNWARE_SAFETY_USD !== undefined, {
      path: ['RUNWARE_SAFETY'],
      error: 'is billed by Runware for each clip: enter the price in RUNWARE_SAFETY_USD, for instance 0.02',
    }),
  create({ options, ...account }, context) {
    const { RUNWARE_OUTPUT_QUALITY: quality, RUNWARE_SAFETY: safety, RUNWARE_SAFETY_USD: safetyPrice } = options
    return createRunware({ ...account, quality, safety, safetyPrice }, context)
  },
})
