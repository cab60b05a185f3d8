import { z } from 'zod'

/** A picture as JSON can carry it. */
const EncodedFile = z.strictObject({ name: z.string().min(1), base64: z.base64() })

export const RunRequest = z.strictObject({
  command: z.string().min(1),
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), EncodedFile])).default({}),
  attachmentSizeLimit: z.number().int().positive().optional(),
})

export const PressRequest = z.union([
  z.strictObject({ messageId: z.string(), button: z.string().min(1) }),
  z.strictObject({ interactionId: z.string(), button: z.string().min(1) }),
])
