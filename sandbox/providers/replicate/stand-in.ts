import { randomBytes } from 'node:crypto'
import { createStandIn } from '../stand-in/create-stand-in.ts'
import type { StandIn, StandInContext } from '../stand-in/stand-in.ts'
import { addFiles } from './files.ts'
import { addModels } from './models.ts'
import { keptMs, type PredictionRecord } from './prediction.ts'
import { addPredictions } from './predictions.ts'
import { notFound, refuse } from './responses.ts'
import { replicateWebhookForm } from './webhook.ts'

/** The origins stand for `api.replicate.com` (all paths begin with `/v1`) and `replicate.delivery`. */
export type ReplicateStandIn = StandIn<'api' | 'delivery'>

export function startReplicate(context: StandInContext): Promise<ReplicateStandIn> {
  const apiKey = `r8_${randomBytes(28).toString('base64url').slice(0, 37)}`
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  const records = new Map<string, PredictionRecord>()
  return createStandIn(context, {
    id: 'replicate',
    keyVariable: 'REPLICATE_API_TOKEN',
    apiKey,
    // The last retry of a webhook is about a minute after the first attempt.
    behavior: { createsPerMinute: 600, webhookRetrySeconds: [2, 4, 8, 16, 30] },
    refuse,
    outputs: { origin: 'delivery', path: (unguessable) => `/xezq/${unguessable}/tmp${randomBytes(4).toString('hex')}.mp4`, keptMs },
    webhookForm: (base) => replicateWebhookForm({ ...base, secret, records }),
    routes: (base) => {
      const api = base.routes('api', { authorization: `Bearer ${apiKey}`, notFound })
      addPredictions(api, { ...base, records })
      addFiles(api, base)
      addModels(api, base)
      api.app.get('/v1/webhooks/default/secret', api.on('secret'), (call) => call.json({ key: secret }))

      const delivery = base.routes('delivery', { notFound })
      delivery.app.get('/xezq/*', delivery.on('output'), (call) => base.outputs.respond(call.req.path) ?? notFound(call))
      return { api, delivery }
    },
  })
}
