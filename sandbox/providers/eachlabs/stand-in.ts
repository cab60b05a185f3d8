import { randomBytes, randomUUID } from 'node:crypto'
import { type Call, judgeKey, type KeyJudgement } from '../http/call.ts'
import { createStandIn } from '../stand-in/create-stand-in.ts'
import type { StandIn, StandInContext } from '../stand-in/stand-in.ts'
import { addFiles, eachlabsMedia, type Upload } from './files.ts'
import type { PredictionRecord } from './prediction.ts'
import { addPredictions } from './predictions.ts'
import { notFound, refuse } from './responses.ts'
import { eachlabsWebhookForm } from './webhook.ts'

/** The origins stand for `api.eachlabs.ai` (all paths begin with `/v1`) and for the storage of uploads and clips. */
export type EachlabsStandIn = StandIn<'api' | 'media'>

export function startEachlabs(context: StandInContext): Promise<EachlabsStandIn> {
  const apiKey = randomBytes(24).toString('base64url')
  const uploads = new Map<string, Upload>()
  const records = new Map<string, PredictionRecord>()
  return createStandIn(context, {
    id: 'eachlabs',
    keyVariable: 'EACHLABS_API_KEY',
    apiKey,
    // The limits on the model's page.
    behavior: { inFlight: 10, createsPerMinute: 100, webhookRetrySeconds: [10, 10], webhookTimeoutMs: 30_000 },
    refuse,
    outputs: { origin: 'media', path: (unguessable) => `/outputs/${unguessable}.mp4` },
    webhookForm: ({ outputs, behavior }) => eachlabsWebhookForm({ outputs, behavior, secretOf: (id) => records.get(id)?.webhookSecret }),
    routes: (base) => {
      const api = base.routes('api', {
        authorization: (call) => judge(call, apiKey),
        notFound: (call) => notFound(call, 'Not found', base.behavior),
      })
      // Only identifies the call; it is no idempotency key.
      api.app.use('/v1/*', async (call, next) => {
        await next()
        if (call.res.status !== 101) call.res.headers.set('X-Request-Id', call.req.header('x-request-id') ?? randomUUID())
      })
      api.app.get('/v1/billing/balance', api.on('account'), (call) => call.json({ balance_usd: base.behavior.balanceUsd }))
      addPredictions(api, { ...base, records })
      addFiles(api, base, uploads)
      return { api, media: eachlabsMedia(base, uploads) }
    },
  })
}

/** The key comes in `X-API-Key`, or in the newer `Authorization`. */
function judge(call: Call, apiKey: string): KeyJudgement {
  const key = call.req.header('x-api-key')
  return key === undefined ? judgeKey(call.req.header('authorization'), `Bearer ${apiKey}`) : judgeKey(key, apiKey)
}
