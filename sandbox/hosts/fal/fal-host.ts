import { randomUUID } from 'node:crypto'
import { furnish, type Host, type HostParts } from '../host.ts'
import type { Job } from '../job.ts'
import { Origins } from '../origins.ts'
import { ServedFiles, unguessable } from '../served-files.ts'
import { falQueue } from './fal-queue.ts'
import { type AnnouncedUploads, falMedia, falRest } from './fal-storage.ts'

/** The origins stand for `queue.fal.run`, `rest.fal.ai` and `v3.fal.media`. */
export type FalHost = Host<'queue' | 'rest' | 'media'>

/** fal's queue, storage and media, answering as described in the hosts' contract. */
export async function startFal(parts: HostParts): Promise<FalHost> {
  // As long and as shaped as a real one, so that what hides keys in logs is put to the test.
  const apiKey = `${randomUUID()}:${randomUUID().replaceAll('-', '')}`
  const files = new ServedFiles()
  const announced: AnnouncedUploads = new Map()
  const furniture = furnish('fal', parts, { own: (url) => (url.origin === origins.media ? files.get(url.pathname)?.bytes : undefined) })
  const outputs = new Map<Job, string>()
  const addressOf = (job: Job) => {
    const path = outputs.get(job) ?? `/files/b/${unguessable()}/output.mp4`
    outputs.set(job, path)
    if (job.clip) files.put(path, { bytes: job.clip, mediaType: 'video/mp4' })
    return origins.media + path
  }

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
      rest: falRest(wired, announced),
      media: falMedia({ ...furniture, origins }, announced, files),
    },
    parts.port,
  )
  await servers.listen()
  return {
    id: 'fal',
    origins,
    apiKey,
    ...furniture,
    refuseConnections: (...names) => servers.close(...names),
    acceptConnections: (...names) => servers.listen(...names),
    stop: async () => {
      furniture.jobs.close()
      await servers.close()
    },
  }
}
