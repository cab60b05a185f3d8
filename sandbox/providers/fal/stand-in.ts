import { randomUUID } from 'node:crypto'
import { createStandIn } from '../stand-in/create-stand-in.ts'
import type { StandIn, StandInContext } from '../stand-in/stand-in.ts'
import { falQueue } from './queue.ts'
import { refuse } from './responses.ts'
import { falMedia, falRest } from './storage.ts'
import { FalKeys, falWebhookForm } from './webhook.ts'

/** The origins stand for `queue.fal.run`, `rest.fal.ai` and `v3.fal.media`. */
export type FalStandIn = StandIn<'queue' | 'rest' | 'media'>

export function startFal(context: StandInContext): Promise<FalStandIn> {
  const keys = new FalKeys()
  const pendingUploads = new Map<string, string>()
  return createStandIn(context, {
    id: 'fal',
    keyVariable: 'FAL_KEY',
    // Shaped like a real key, so that tests cover its redaction in logs.
    apiKey: `${randomUUID()}:${randomUUID().replaceAll('-', '')}`,
    // Ten retries in two hours.
    behavior: { webhookRetrySeconds: Array.from({ length: 10 }, (_, index) => 7 * 2 ** index), webhookTimeoutMs: 15_000 },
    refuse,
    outputs: { origin: 'media', path: (unguessable) => `/files/b/${unguessable}/output.mp4` },
    webhookForm: ({ outputs }) => falWebhookForm(keys, outputs),
    routes: (base) => ({ queue: falQueue(base), rest: falRest(base, keys, pendingUploads), media: falMedia(base, pendingUploads) }),
  })
}
