import { randomBytes, randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import { createBehavior } from '../simulation/behavior.ts'
import { type Call, type CallEnvironment, type CallContext, judgeKey, type KeyJudgement, receiveCall, unknownCall } from '../http/call.ts'
import { addControl } from '../http/control.ts'
import type { RouteName } from '../simulation/faults.ts'
import { createStandInBase, type StandInBase, type StandIn, type StandInContext, openStandIn } from '../stand-in/stand-in.ts'
import type { Job } from '../jobs/job.ts'
import { Origins } from '../http/origins.ts'
import { Outputs } from '../stand-in/outputs.ts'
import { withRetryAfter } from '../http/retry-after.ts'
import { eachlabsAnswers, refuse } from './responses.ts'
import { addFiles, EachlabsFiles, eachlabsMedia } from './files.ts'
import type { PredictionContext, PredictionRecord } from './prediction.ts'
import { addPredictions } from './predictions.ts'
import { eachlabsWebhookForm } from './webhook.ts'

/** The origins stand for `api.eachlabs.ai` (all paths begin with `/v1`) and for the storage of uploads and clips. */
export type EachlabsStandIn = StandIn<'api' | 'media'>

/** Eachlabs' predictions, uploads and storage, answering as described in the providers' contract. */
export async function startEachlabs(context: StandInContext): Promise<EachlabsStandIn> {
  const apiKey = randomBytes(24).toString('base64url')
  const { clock } = context
  // An account with little credit; above that there is no limit.
  const behavior = createBehavior({ inFlight: 10, webhookRetrySeconds: [10, 10], webhookTimeoutMs: 30_000 })
  const files = new EachlabsFiles(() => clock.now())
  const records = new Map<string, PredictionRecord>()
  const addressOf = (job: Job) => outputs.addressOf(job)
  const base: StandInBase = createStandInBase('eachlabs', context, {
    behavior,
    webhookForm: eachlabsWebhookForm({ addressOf, recordOf: (id) => records.get(id) }),
    images: { own: (url) => (url.origin === origins.media ? files.at(url.pathname)?.bytes : undefined) },
  })
  const outputs = new Outputs({ ...base, origin: () => origins.media, pathWith: (piece) => `/outputs/${piece}.mp4` })
  const predictionContext = (): PredictionContext => ({
    invoice: base.invoice,
    api: origins.api,
    addressOf,
    now: clock.now(),
  })
  const origins = {
    get api() {
      return servers.of('api')
    },
    get media() {
      return servers.of('media')
    },
  }

  const answers = withRetryAfter(eachlabsAnswers, behavior)
  const api = new Hono<CallEnvironment>()
  const apiContext: CallContext = { origin: 'api', ...base, authorization: (call) => judge(call, apiKey), answers }
  const on = (route: RouteName) => receiveCall(route, apiContext)
  addControl(api, base)
  // Given by the caller or made here, to find a call again; nothing is done once because of it.
  api.use('/v1/*', async (call, next) => {
    await next()
    if (call.res.status !== 101) call.res.headers.set('X-Request-Id', call.req.header('x-request-id') ?? randomUUID())
  })
  addPredictions(api, on, { ...base, origins, records, predictionContext })
  addFiles(api, on, { ...base, origins, files })
  api.notFound(unknownCall(apiContext, (call) => refuse(call, 404, 'not found', 'Not found')) as Parameters<typeof api.notFound>[0])

  const media = eachlabsMedia({ ...base, origins, files, outputs, answers })
  const servers: Origins<'api' | 'media'> = new Origins({ api, media }, context.port)
  return await openStandIn(base, { origins, apiKey, servers })
}

/** The key comes in the older header, or in the one that is told of now. */
function judge(call: Call, apiKey: string): KeyJudgement {
  const own = call.req.header('x-api-key')
  return own === undefined ? judgeKey(call.req.header('authorization'), `Bearer ${apiKey}`) : judgeKey(own, apiKey)
}
