import { randomBytes } from 'node:crypto'
import { createStandIn } from '../stand-in/create-stand-in.ts'
import type { StandIn, StandInContext } from '../stand-in/stand-in.ts'
import { addUploads, type PendingUploads, wavespeedMedia } from './media.ts'
import { notFound, refuse, respond } from './responses.ts'
import type { TaskRecord } from './task.ts'
import { addTasks } from './tasks.ts'
import { wavespeedWebhookForm } from './webhook.ts'

/** The origins stand for `api.wavespeed.ai` and for the delivery network of uploads and clips. */
export type WavespeedStandIn = StandIn<'api' | 'media'>

/** How long clips are kept. */
const keptMs = 7 * 24 * 60 * 60 * 1000

export function startWavespeed(context: StandInContext): Promise<WavespeedStandIn> {
  const apiKey = randomBytes(32).toString('hex')
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  const pendingUploads: PendingUploads = new Map()
  const records = new Map<string, TaskRecord>()
  return createStandIn(context, {
    id: 'wavespeed',
    keyVariable: 'WAVESPEED_API_KEY',
    apiKey,
    // The lowest account level runs three jobs at a time and creates five a minute.
    behavior: { concurrency: 3, createsPerMinute: 5, webhookRetrySeconds: [5, 10, 20] },
    refuse,
    outputs: { origin: 'media', path: (unguessable) => `/predictions/${unguessable}/1.mp4`, keptMs },
    webhookForm: (base) => wavespeedWebhookForm({ ...base, secret, records }),
    routes: (base) => {
      const api = base.routes('api', { authorization: `Bearer ${apiKey}`, notFound })
      addUploads(api, base, pendingUploads)
      api.app.get('/api/v3/webhook/secret', api.on('secret'), (call) => respond(call, { secret }))
      api.app.get('/api/v3/balance', api.on('account'), (call) => respond(call, { balance: base.behavior.balanceUsd }))
      addTasks(api, { ...base, records })
      return { api, media: wavespeedMedia(base, pendingUploads) }
    },
  })
}
