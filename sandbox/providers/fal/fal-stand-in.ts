import { randomUUID } from 'node:crypto'
import { furnish, type Host, type HostParts, openHost } from '../stand-in.ts'
import type { Job } from '../job.ts'
import { Origins } from '../origins.ts'
import { ServedFiles, unguessable } from '../served-files.ts'
import { type FalConduct, usualFalConduct } from './fal-behavior.ts'
import { falQueue } from './fal-queue.ts'
import { type AnnouncedUploads, falMedia, falRest } from './fal-storage.ts'
import { FalKeys, falWebhookForm } from './fal-webhook.ts'

/** The origins stand for `queue.fal.run`, `rest.fal.ai` and `v3.fal.media`. */
export type FalHost = Host<'queue' | 'rest' | 'media', FalConduct>

/** fal's queue, storage and media, answering as described in the hosts' contract. */
export async function startFal(parts: HostParts): Promise<FalHost> {
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
  const conduct = usualFalConduct()
  const keys = new FalKeys()
  const furniture = furnish('fal', parts, {
    conduct,
    webhookForm: falWebhookForm({ conduct, keys, addressOf }),
    pictures: { own: (url) => (url.origin === origins.media ? files.get(url.pathname)?.bytes : undefined) },
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
    parts.port,
  )
  return await openHost(furniture, { origins, apiKey, servers })
}
