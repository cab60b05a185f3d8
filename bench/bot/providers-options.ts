import { z } from 'zod'

export const ProvidersOptions = z.object({
  /** Virtual seconds per real second; a job takes 128 to 192 virtual seconds. */
  speed: z.number(),
  /** The size of every clip. */
  clipBytes: z.number(),
  /** Jobs run for ever. */
  neverFinish: z.boolean().optional(),
})
export type ProvidersOptions = z.infer<typeof ProvidersOptions>
