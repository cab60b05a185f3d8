import { z } from 'zod'
import type { JobOrder } from '../jobs/job.ts'
import type { RunwareProblem } from './problems.ts'

const model = 'klingai:6@1'
const aspectRatios = { '1280x720': '16:9', '720x720': '1:1', '720x1280': '9:16' } as const

const formats = { MP4: 'mp4', MOV: 'mov', WEBM: 'webm' } as const

const FrameImage = z.union([
  z.string().min(1),
  z.strictObject({ image: z.string().min(1), frame: z.union([z.enum(['first', 'last']), z.literal(0), z.literal(-1)]).optional() }),
])

const VideoTask = z.strictObject({
  taskType: z.literal('videoInference'),
  taskUUID: z.uuidv4(),
  model: z.literal(model),
  positivePrompt: z.string().min(2).max(2500),
  negativePrompt: z.string().min(2).max(2500).optional(),
  width: z.int().optional(),
  height: z.int().optional(),
  duration: z.union([z.literal(5), z.literal(10)]).default(5),
  CFGScale: z.number().min(0).max(1).multipleOf(0.01).default(0.5),
  inputs: z.strictObject({ frameImages: z.array(FrameImage).min(1).max(2).optional() }).optional(),
  numberResults: z.int().min(1).max(4).default(1),
  outputType: z.literal('URL').default('URL'),
  outputFormat: z.enum(['MP4', 'MOV', 'WEBM']).default('MP4'),
  outputQuality: z.int().min(20).max(99).default(95),
  deliveryMethod: z.literal('async').default('async'),
  webhookURL: z.url().optional(),
  ttl: z.int().min(60).optional(),
  // The documented default is false, but the documented examples, which leave it out, are answered with a cost.
  includeCost: z.boolean().default(true),
  safety: z.strictObject({ checkContent: z.boolean().optional(), mode: z.enum(['none', 'fast', 'full']).optional() }).optional(),
})

export interface VideoTask {
  taskUUID: string
  order: JobOrder
  numberResults: number
  ttlSeconds: number | undefined
  includeCost: boolean
  checksContent: boolean
}

/**
 * Parses one task, or describes its problems as Runware does.
 * @param addressOf the address of a given image; undefined if there is no such image
 */
export function readVideoTask(
  given: unknown,
  addressOf: (image: string) => string | undefined,
): VideoTask | { problems: RunwareProblem[] } {
  const parsed = VideoTask.safeParse(given, { reportInput: true })
  if (!parsed.success) return { problems: parsed.error.issues.flatMap(problemsOf) }
  const { data: task } = parsed
  const refuse = (code: string, message: string, parameter: string | string[]) => ({ problems: [{ code, message, parameter }] })

  const size = `${task.width ?? ''}x${task.height ?? ''}`
  if (size !== 'x' && !isSize(size)) {
    const allowed = Object.keys(aspectRatios).join(', ')
    return refuse('unsupportedDimensions', `Width and height must be one of ${allowed}.`, ['width', 'height'])
  }
  const frames = framesOf(task.inputs?.frameImages ?? [])
  if (!frames) return refuse('invalidFrame', 'Each frame position can be given once.', 'inputs.frameImages')
  const [firstImageUrl, lastImageUrl] = frames.map((image) => (image === undefined ? undefined : (addressOf(image) ?? 'unknown')))
  if (firstImageUrl === 'unknown' || lastImageUrl === 'unknown') {
    return refuse('invalidFrameImage', 'The image was not found.', 'inputs.frameImages')
  }
  const checksContent = (task.safety?.checkContent ?? false) || (task.safety?.mode ?? 'none') !== 'none'
  return {
    taskUUID: task.taskUUID,
    numberResults: task.numberResults,
    ttlSeconds: task.ttl,
    includeCost: task.includeCost,
    checksContent,
    order: {
      prompt: task.positivePrompt,
      negativePrompt: task.negativePrompt,
      durationSeconds: task.duration,
      guidance: task.CFGScale,
      // A first frame determines the aspect ratio.
      aspectRatio: firstImageUrl === undefined && isSize(size) ? aspectRatios[size] : undefined,
      firstImageUrl,
      lastImageUrl,
      webhookUrl: task.webhookURL,
      format: formats[task.outputFormat],
      checksContent,
    },
  }
}

/** The first and the last image, by their order unless they name a frame; undefined if two claim the same frame. */
function framesOf(images: readonly z.infer<typeof FrameImage>[]): [string | undefined, string | undefined] | undefined {
  const frames: [string | undefined, string | undefined] = [undefined, undefined]
  for (const [index, given] of images.entries()) {
    const { image, frame } = typeof given === 'string' ? { image: given, frame: undefined } : given
    const position = frame === undefined ? index : frame === 'first' || frame === 0 ? 0 : 1
    if (frames[position] !== undefined) return undefined
    frames[position] = image
  }
  return frames
}

function isSize(size: string): size is keyof typeof aspectRatios {
  return Object.hasOwn(aspectRatios, size)
}

function problemsOf(issue: z.core.$ZodIssue): RunwareProblem[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      code: 'unsupportedParameter',
      message: `Unsupported use of '${key}' parameter.`,
      parameter: [...path, key].join('.'),
    }))
  }
  const parameter = path.join('.')
  if (issue.input === undefined) return [{ code: 'missingParameter', message: `Missing required parameter '${parameter}'.`, parameter }]
  if (parameter === 'duration') {
    return [{ code: 'unsupportedDuration', message: 'Unsupported duration for this model.', parameter, allowedValues: [5, 10] }]
  }
  const name = parameter.replace(/\W\w|^\w/g, (start) => start.toUpperCase()).replaceAll(/\W/g, '')
  return [{ code: `invalid${name}`, message: `Invalid value for '${parameter}' parameter: ${issue.message}`, parameter }]
}
