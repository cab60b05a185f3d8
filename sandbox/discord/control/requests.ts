import { z } from 'zod'

const EncodedFile = z.strictObject({ name: z.string().min(1), base64: z.base64() })

export const RunRequest = z.strictObject({
  command: z.string().min(1),
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), EncodedFile])).default({}),
})

export const SuggestRequest = RunRequest.extend({
  /** The option with the cursor, and the text in it. */
  focused: z.string().min(1),
  typed: z.string().default(''),
})

/** Presses a button on the reply to an interaction. */
export const PressRequest = z.strictObject({ interactionId: z.string(), button: z.string().min(1) })
