import { randomUUID } from 'node:crypto'
import { createStandIn } from '../stand-in/create-stand-in.ts'
import type { StandIn, StandInContext } from '../stand-in/stand-in.ts'
import { MultipartUploads } from './multipart.ts'
import { falQueue } from './queue.ts'
import { falRun } from './run.ts'
import { refuse } from './responses.ts'
import { falMedia, falRest } from './storage.ts'
import { FalKeys, falWebhookForm } from './webhook.ts'

/** The origins stand for `queue.fal.run`, `rest.fal.ai`, `v3.fal.media` and `fal.run`. */
export type FalStandIn = StandIn<'queue' | 'rest' | 'media' | 'run'>

export function startFal(context: StandInContext): Promise<FalStandIn> {
  const keys = new FalKeys()
  const pendingUploads = { whole: new Map<string, string>(), parts: new MultipartUploads() }
  return createStandIn(context, {
    id: 'fal',
    keyVariable: 'FAL_KEY',
    // Shaped like a real key, so that tests cover its redaction in logs.
    apiKey: `${randomUUID()}:${randomUUID().replaceAll('-', '')}`,
    // A new account runs two requests at a time; others wait in the queue. Webhooks are retried ten times in two hours.
    behavior: { concurrency: 2, webhookRetrySeconds: Array.from({ length: 10 }, (_, index) => 7 * 2 ** index), webhookTimeoutMs: 15_000 },
    refuse,
    outputs: { origin: 'media', path: (unguessable) => `/files/b/${unguessable}/output.mp4` },
    webhookForm: ({ outputs }) => falWebhookForm(keys, outputs),
    routes: (base) => ({
      queue: falQueue(base),
      rest: falRest(base, keys, pendingUploads),
      media: falMedia(base, pendingUploads),
      run: falRun(base),
    }),
  })
}
