import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { ServedFiles } from '../http/served-files.ts'
import { fetchImage } from '../jobs/image.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { refused, type TaskOutcome } from './response.ts'

const UploadTask = z.union([
  z.object({ taskType: z.literal('mediaStorage'), taskUUID: z.uuidv4(), operation: z.literal('upload'), media: z.string().min(1) }),
  z.object({ taskType: z.literal('imageUpload'), taskUUID: z.uuidv4(), image: z.string().min(1) }),
])

const isUuid = (text: string) => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)

interface LibraryContext {
  files: ServedFiles
  origins: { media: string }
  jobs: Jobs
}

/** The customer's stored media, each with a UUID. */
export class MediaLibrary {
  readonly #context: LibraryContext

  constructor(context: LibraryContext) {
    this.#context = context
  }

  /** Performs a `mediaStorage` task, or the older `imageUpload`. */
  async store(given: unknown): Promise<TaskOutcome> {
    const task = UploadTask.safeParse(given)
    if (!task.success) {
      const parameter = task.error.issues[0]?.path.join('.') || 'media'
      return refused({ code: 'invalidMedia', message: 'The media cannot be stored.', parameter })
    }
    const { taskType, taskUUID } = task.data
    const media = 'media' in task.data ? task.data.media : task.data.image
    const { files, origins, jobs } = this.#context
    const own = (url: URL) => (url.origin === origins.media ? files.get(url.pathname)?.bytes : undefined)
    const bytes = await fetchImage(asAddress(media), own, jobs.closed)
    if (typeof bytes === 'string' || bytes.length === 0) {
      return refused({ code: 'invalidMedia', message: 'The media could not be read.', parameter: 'media', taskType, taskUUID })
    }
    const id = randomUUID()
    files.put(`/media/${id}`, { bytes, mediaType: 'application/octet-stream' })
    const url = `${origins.media}/media/${id}`
    const names = taskType === 'mediaStorage' ? { mediaUUID: id, mediaURL: url } : { imageUUID: id, imageURL: url }
    return { kind: 'item', item: { taskType, taskUUID, ...names } }
  }

  /** The address of an image given as UUID, URL, data URI or plain base64; undefined for an unknown UUID. */
  addressOf(image: string): string | undefined {
    if (!isUuid(image)) return asAddress(image)
    const { files, origins } = this.#context
    return files.get(`/media/${image}`) && `${origins.media}/media/${image}`
  }
}

function asAddress(image: string): string {
  return URL.canParse(image) ? image : `data:application/octet-stream;base64,${image}`
}
