import { z } from 'zod'

/** An image as JSON can carry it. */
const EncodedFile = z.strictObject({ name: z.string().min(1), base64: z.base64() })

const Options = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), EncodedFile])).default({})

export const RunRequest = z.strictObject({
  command: z.string().min(1),
  options: Options,
  attachmentSizeLimit: z.number().int().positive().optional(),
})

export const SuggestRequest = z.strictObject({
  command: z.string().min(1),
  options: Options,
  /** The option in which the cursor stands, and what stands there. */
  focused: z.string().min(1),
  typed: z.string().default(''),
})

export const PressRequest = z.union([
  z.strictObject({ messageId: z.string(), button: z.string().min(1) }),
  z.strictObject({ interactionId: z.string(), button: z.string().min(1) }),
])
