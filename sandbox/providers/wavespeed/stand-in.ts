import { randomBytes } from 'node:crypto'
import { Hono } from 'hono'
import { createBehavior } from '../simulation/behavior.ts'
import { type CallEnvironment, type CallContext, receiveCall, unknownCall } from '../http/call.ts'
import { addControl } from '../http/control.ts'
import type { RouteName } from '../simulation/faults.ts'
import { createStandInBase, type StandIn, type StandInContext, openStandIn } from '../stand-in/stand-in.ts'
import type { Job } from '../jobs/job.ts'
import { Origins } from '../http/origins.ts'
import { Outputs } from '../stand-in/outputs.ts'
import { ServedFiles } from '../http/served-files.ts'
import { withRetryAfter } from '../http/retry-after.ts'
import type { TaskContext, TaskRecord } from './task.ts'
import { answerWith, refuse, wavespeedAnswers } from './responses.ts'
import { addUploads, type PendingUploads, wavespeedMedia } from './media.ts'
import { addTasks } from './tasks.ts'
import { wavespeedWebhookForm } from './webhook.ts'

/** The origins stand for `api.wavespeed.ai` and for the delivery network that keeps uploads and clips. */
export type WavespeedStandIn = StandIn<'api' | 'media'>

/** How long predictions and their clips are kept. */
const keptMs = 7 * 24 * 60 * 60 * 1000

/** WaveSpeed's tasks, uploads and delivery, answering as described in the providers' contract. */
export async function startWavespeed(context: StandInContext): Promise<WavespeedStandIn> {
  const apiKey = randomBytes(32).toString('hex')
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  // The lowest account level: three jobs at a time.
  const behavior = createBehavior({ concurrency: 3, webhookRetrySeconds: [5, 10, 20] })
  const files = new ServedFiles()
  const pendingUploads: PendingUploads = new Map()
  const records = new Map<string, TaskRecord>()
  const addressOf = (job: Job) => outputs.addressOf(job)
  const taskContext = (): TaskContext => ({ api: origins.api, addressOf })
  const base = createStandInBase('wavespeed', context, {
    behavior,
    webhookForm: wavespeedWebhookForm({ secret, recordOf: (id) => records.get(id), taskContext }),
    images: { own: (url) => (url.origin === origins.media ? files.get(url.pathname)?.bytes : undefined) },
  })
  const outputs = new Outputs({
    ...base,
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

  const answers = withRetryAfter(wavespeedAnswers, behavior)
  const api = new Hono<CallEnvironment>()
  const apiContext: CallContext = { origin: 'api', ...base, authorization: `Bearer ${apiKey}`, answers }
  const on = (route: RouteName) => receiveCall(route, apiContext)
  addControl(api, base)
  addUploads(api, on, { ...base, origins, pendingUploads, files })
  api.get('/api/v3/webhook/secret', on('secret'), (call) => answerWith(call, { secret }))
  addTasks(api, on, { ...base, origins, records, taskContext })
  api.notFound(unknownCall(apiContext, (call) => refuse(call, 404, 'Not found')) as Parameters<typeof api.notFound>[0])

  const media = wavespeedMedia({ ...base, origins, pendingUploads, files, outputs, answers })
  const servers: Origins<'api' | 'media'> = new Origins({ api, media }, context.port)
  return await openStandIn(base, { origins, apiKey, servers })
}
