import { randomBytes } from 'node:crypto'
import { Hono } from 'hono'
import { createBehavior } from '../simulation/behavior.ts'
import { type CallEnvironment, type CallContext, receiveCall, unknownCall } from '../http/call.ts'
import { addControl } from '../http/control.ts'
import type { RouteName } from '../simulation/faults.ts'
import { createStandInBase, type StandIn, type StandInContext, openStandIn } from '../stand-in/stand-in.ts'
import { Origins } from '../http/origins.ts'
import { answerWithFile, unguessable } from '../http/served-files.ts'
import { addFiles, type UploadedFiles } from './files.ts'
import { withRetryAfter } from '../http/retry-after.ts'
import { isRemoved, type PredictionRecord, predictionOf } from './prediction.ts'
import { addPredictions } from './predictions.ts'
import { notFound, replicateAnswers } from './responses.ts'
import { replicateWebhookForm } from './webhook.ts'

/** The origins stand for `api.replicate.com` (all paths begin with `/v1`) and `replicate.delivery`. */
export type ReplicateStandIn = StandIn<'api' | 'delivery'>

/** Replicate's predictions, files and delivery, answering as described in the providers' contract. */
export async function startReplicate(context: StandInContext): Promise<ReplicateStandIn> {
  const apiKey = `r8_${randomBytes(28).toString('base64url').slice(0, 37)}`
  const { clock } = context
  const files: UploadedFiles = new Map()
  const records = new Map<string, PredictionRecord>()
  // The last retry comes about a minute after the end.
  const behavior = createBehavior({ webhookRetrySeconds: [2, 4, 8, 16, 30] })
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  const show = (record: PredictionRecord) => predictionOf(record, { api: origins.api, now: clock.now() })
  const base = createStandInBase('replicate', context, {
    behavior,
    webhookForm: replicateWebhookForm({ secret, recordOf: (id) => records.get(id), show }),
    images: { own: (url) => uploadAt(url, origins.api, files) },
  })
  const answers = withRetryAfter(replicateAnswers, behavior)
  const origins = {
    get api() {
      return servers.of('api')
    },
    get delivery() {
      return servers.of('delivery')
    },
  }

  const api = new Hono<CallEnvironment>()
  const apiContext: CallContext = { origin: 'api', ...base, authorization: `Bearer ${apiKey}`, answers }
  const on = (route: RouteName) => receiveCall(route, apiContext)
  addControl(api, base)
  const newOutputUrl = () => `${origins.delivery}/xezq/${unguessable()}/tmp${randomBytes(4).toString('hex')}.mp4`
  addPredictions(api, on, { ...base, origins, records, newOutputUrl })
  addFiles(api, on, { origins, clock, files })
  api.get('/v1/webhooks/default/secret', on('secret'), (call) => call.json({ key: secret }))
  api.notFound(unknownCall(apiContext, notFound) as Parameters<typeof api.notFound>[0])

  const delivery = new Hono<CallEnvironment>()
  const deliveryContext: CallContext = { origin: 'delivery', ...base, authorization: undefined, answers }
  addControl(delivery, base)
  delivery.get('/xezq/*', receiveCall('output', deliveryContext), (call) => {
    const record = [...records.values()].find(({ outputUrl }) => outputUrl === origins.delivery + call.req.path)
    if (!record?.job.clip || isRemoved(record, clock.now()) || base.faults.take('output', ['output-gone'])) return notFound(call)
    return answerWithFile({ bytes: record.job.clip, mediaType: 'video/mp4' })
  })
  delivery.notFound(unknownCall(deliveryContext, notFound) as Parameters<typeof delivery.notFound>[0])

  const servers: Origins<'api' | 'delivery'> = new Origins({ api, delivery }, context.port)
  return await openStandIn(base, { origins, apiKey, servers })
}

/** A prediction reads the account's uploads without a key. */
function uploadAt(url: URL, api: string, files: UploadedFiles): Uint8Array | undefined {
  const id = /^\/v1\/files\/([^/]+)$/.exec(url.pathname)?.[1]
  return url.origin === api && id !== undefined ? files.get(id)?.bytes : undefined
}
