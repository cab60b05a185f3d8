import { randomUUID } from 'node:crypto'
import { furnish, type StandIn, type StandInContext, openStandIn } from '../stand-in.ts'
import type { Job } from '../job.ts'
import { Origins } from '../origins.ts'
import { ServedFiles, unguessable } from '../served-files.ts'
import { type FalBehavior, usualFalBehavior } from './fal-behavior.ts'
import { falQueue } from './fal-queue.ts'
import { type AnnouncedUploads, falMedia, falRest } from './fal-storage.ts'
import { FalKeys, falWebhookForm } from './fal-webhook.ts'

/** The origins stand for `queue.fal.run`, `rest.fal.ai` and `v3.fal.media`. */
export type FalStandIn = StandIn<'queue' | 'rest' | 'media', FalBehavior>

/** fal's queue, storage and media, answering as described in the providers' contract. */
export async function startFal(context: StandInContext): Promise<FalStandIn> {
  // As long and as shaped as a real one, so that what hides keys in logs is put to the test.
  const apiKey = `${randomUUID()}:${randomUUID().replaceAll('-', '')}`
  const files = new ServedFiles()
  const announced: AnnouncedUploads = new Map()
  const outputs = new Map<Job, string>()
  const addressOf = (job: Job) => {
    const path = outputs.get(job) ?? `/files/b/${unguessable()}/output.mp4`
    outputs.set(job, path)
    if (job.clip && !job.faults.has('output-gone')) files.put(path, { bytes: job.clip, mediaType: 'video/mp4' })
    return origins.media + path
  }
  const behavior = usualFalBehavior()
  const keys = new FalKeys()
  const furniture = furnish('fal', context, {
    behavior,
    webhookForm: falWebhookForm({ behavior, keys, addressOf }),
    images: { own: (url) => (url.origin === origins.media ? files.get(url.pathname)?.bytes : undefined) },
  })

  const origins = {
    get queue() {
      return servers.of('queue')
    },
    get rest() {
      return servers.of('rest')
    },
    get media() {
      return servers.of('media')
    },
  }
  const wired = { ...furniture, origins, authorization: `Key ${apiKey}` }
  const servers: Origins<'queue' | 'rest' | 'media'> = new Origins(
    {
      queue: falQueue({ ...wired, addressOf }),
      rest: falRest({ ...wired, keys }, announced),
      media: falMedia({ ...furniture, origins }, announced, files),
    },
    context.port,
  )
  return await openStandIn(furniture, { origins, apiKey, servers })
}
