import { randomUUID } from 'node:crypto'
import { createBehavior } from '../simulation/behavior.ts'
import { createStandInBase, type StandIn, type StandInContext, openStandIn } from '../stand-in/stand-in.ts'
import type { Job } from '../jobs/job.ts'
import { Origins } from '../http/origins.ts'
import { ServedFiles, unguessable } from '../http/served-files.ts'
import { falQueue } from './queue.ts'
import { type PendingUploads, falMedia, falRest } from './storage.ts'
import { FalKeys, falWebhookForm } from './webhook.ts'

/** The origins stand for `queue.fal.run`, `rest.fal.ai` and `v3.fal.media`. */
export type FalStandIn = StandIn<'queue' | 'rest' | 'media'>

/** fal's queue, storage and media, answering as described in the providers' contract. */
export async function startFal(context: StandInContext): Promise<FalStandIn> {
  // As long and as shaped as a real one, so that what hides keys in logs is put to the test.
  const apiKey = `${randomUUID()}:${randomUUID().replaceAll('-', '')}`
  const files = new ServedFiles()
  const pending: PendingUploads = new Map()
  const outputs = new Map<Job, string>()
  const addressOf = (job: Job) => {
    const path = outputs.get(job) ?? `/files/b/${unguessable()}/output.mp4`
    outputs.set(job, path)
    if (job.clip && !job.faults.has('output-gone')) files.put(path, { bytes: job.clip, mediaType: 'video/mp4' })
    return origins.media + path
  }
  // Ten retries in two hours.
  const webhookRetrySeconds = Array.from({ length: 10 }, (_, index) => 7 * 2 ** index)
  const behavior = createBehavior({ webhookRetrySeconds, webhookTimeoutMs: 15_000 })
  const keys = new FalKeys()
  const base = createStandInBase('fal', context, {
    behavior,
    webhookForm: falWebhookForm({ keys, addressOf }),
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
  const wired = { ...base, origins, authorization: `Key ${apiKey}` }
  const servers: Origins<'queue' | 'rest' | 'media'> = new Origins(
    {
      queue: falQueue({ ...wired, addressOf }),
      rest: falRest({ ...wired, keys }, pending),
      media: falMedia({ ...base, origins }, pending, files),
    },
    context.port,
  )
  return await openStandIn(base, { origins, apiKey, servers })
}
