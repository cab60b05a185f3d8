import { z } from 'zod'

import { type ClipRequest, clipLimits } from '../domain/clip-request.ts'
import type { ProviderId } from '../domain/provider-id.ts'
import { parseJson } from '../lib/parse-json.ts'

/** A stored row does not have the shape that this version writes. Names the column only: the value may hold a prompt. */
export class StoredRowError extends Error {
  override readonly name = 'StoredRowError'

  constructor(column: string) {
    super(`the stored value of ${column} is not valid`)
  }
}

/** A column whose text is JSON of one shape. */
function jsonColumn<Value>(column: string, shape: z.ZodType<Value>) {
  return {
    /** @throws {StoredRowError} where the text does not have the shape */
    parse(text: string): Value {
      const parsed = shape.safeParse(parseJson(text))
      if (parsed.success) return parsed.data
      throw new StoredRowError([column, ...(parsed.error.issues[0]?.path ?? [])].join('.'))
    },
    stringify: (value: Value) => JSON.stringify(value),
  }
}

const ImageReference = z.object({
  sha256: z.string(),
  mediaType: z.enum(['image/png', 'image/jpeg']),
  width: z.number(),
  height: z.number(),
  sizeBytes: z.number(),
})
const HostedImage = z.object({ url: z.string() })

export const requestColumn = jsonColumn<ClipRequest>(
  'generations.request',
  z.object({
    prompt: z.string(),
    negativePrompt: z.string().optional(),
    durationSeconds: z.literal(clipLimits.durationsSeconds),
    aspectRatio: z.enum(clipLimits.aspectRatios).optional(),
    guidance: z.number().optional(),
    firstFrame: ImageReference.optional(),
    lastFrame: ImageReference.optional(),
  }),
)

/** Also ids that only another version knows: they are handled where the adapter is looked up. */
export const candidatesColumn = jsonColumn<readonly ProviderId[]>('generations.candidates', z.array(z.string()))

/** The images as the provider's own storage names them. */
export const hostedImagesColumn = jsonColumn(
  'attempts.images',
  z.object({ firstFrame: HostedImage.optional(), lastFrame: HostedImage.optional() }),
)

/** The provider's handle of a job: stored as it is, and only the adapter reads more than its id. */
export const operationColumn = jsonColumn('operation', z.looseObject({ id: z.string() }))
