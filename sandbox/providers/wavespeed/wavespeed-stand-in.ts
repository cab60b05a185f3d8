import { randomBytes } from 'node:crypto'
import { Hono } from 'hono'
import { type CallEnvironment, type CallParts, receiveCall, unknownCall } from '../call.ts'
import { addControl } from '../control.ts'
import type { RouteName } from '../faults.ts'
import { furnish, type Host, type HostParts, openHost } from '../stand-in.ts'
import type { Job } from '../job.ts'
import { Origins } from '../origins.ts'
import { Outputs } from '../outputs.ts'
import { ServedFiles } from '../served-files.ts'
import { withRetryAfter } from '../throttled.ts'
import type { TaskParts, TaskRecord } from './task.ts'
import { answerWith, refuse, wavespeedAnswers } from './wavespeed-responses.ts'
import { usualWavespeedConduct, type WavespeedConduct } from './wavespeed-behavior.ts'
import { addUploads, type Announcements, wavespeedMedia } from './wavespeed-media.ts'
import { addTasks } from './wavespeed-tasks.ts'
import { wavespeedWebhookForm } from './wavespeed-webhook.ts'

/** The origins stand for `api.wavespeed.ai` and for the delivery network that keeps uploads and clips. */
export type WavespeedHost = Host<'api' | 'media', WavespeedConduct>

/** How long predictions and their clips are kept. */
const keptMs = 7 * 24 * 60 * 60 * 1000

/** WaveSpeed's tasks, uploads and delivery, answering as described in the hosts' contract. */
export async function startWavespeed(parts: HostParts): Promise<WavespeedHost> {
  const apiKey = randomBytes(32).toString('hex')
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  const conduct = usualWavespeedConduct()
  const files = new ServedFiles()
  const announcements: Announcements = new Map()
  const records = new Map<string, TaskRecord>()
  const addressOf = (job: Job) => outputs.addressOf(job)
  const taskParts = (): TaskParts => ({ conduct, api: origins.api, addressOf })
  const furniture = furnish('wavespeed', parts, {
    conduct,
    webhookForm: wavespeedWebhookForm({ secret, recordOf: (id) => records.get(id), taskParts }),
    pictures: { own: (url) => (url.origin === origins.media ? files.get(url.pathname)?.bytes : undefined) },
  })
  const outputs = new Outputs({
    ...furniture,
    origin: () => origins.media,
    pathWith: (piece) => `/predictions/${piece}/1.mp4`,
    keptMs,
  })
  const origins = {
    get api() {
      return servers.of('api')
    },
    get media() {
      return servers.of('media')
    },
  }

  const answers = withRetryAfter(wavespeedAnswers(conduct), conduct)
  const api = new Hono<CallEnvironment>()
  const apiParts: CallParts = { origin: 'api', ...furniture, authorization: `Bearer ${apiKey}`, answers }
  const on = (route: RouteName) => receiveCall(route, apiParts)
  addControl(api, furniture)
  addUploads(api, on, { ...furniture, origins, announcements, files })
  api.get('/api/v3/webhook/secret', on('secret'), (call) => answerWith(call, conduct.secret === 'bare' ? secret : { secret }))
  addTasks(api, on, { ...furniture, origins, records, taskParts })
  api.notFound(unknownCall(apiParts, (call) => refuse(call, 404, 'Not found')) as Parameters<typeof api.notFound>[0])

  const media = wavespeedMedia({ ...furniture, origins, announcements, files, outputs, answers })
  const servers: Origins<'api' | 'media'> = new Origins({ api, media }, parts.port)
  return await openHost(furniture, { origins, apiKey, servers })
}
