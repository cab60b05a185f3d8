import { randomUUID } from 'node:crypto'
import type { StandIn } from '../../../sandbox/providers/stand-in/stand-in.ts'
import type { StandIns } from '../../../sandbox/providers/stand-ins.ts'
import { type Answer, call, falText, replicateCreate } from './calls.ts'

export const providerNames = ['fal', 'replicate', 'wavespeed', 'runware', 'eachlabs'] as const
export type ProviderName = (typeof providerNames)[number]

export const wavespeedText = '/api/v3/kwaivgi/kling-v2.5-turbo-pro/text-to-video'
export const wavespeedImage = '/api/v3/kwaivgi/kling-v2.5-turbo-pro/image-to-video'

export interface Order {
  prompt?: string
  webhook?: string
}

/** How to order and follow a text-to-video clip at one provider. */
interface Customer {
  submit(providers: StandIns, order?: Order): Promise<Answer>
  /** The job's id in the response to an order. */
  idIn(answer: Answer): string
  /** The provider's response about a job. */
  ask(providers: StandIns, id: string): Promise<Answer>
  /** The clip's address in the response about a finished job. */
  clipIn(answer: Answer): string | undefined
}

const field = (body: unknown, ...path: (string | number)[]): unknown =>
  path.reduce<unknown>((value, step) => (value as Record<string | number, unknown> | undefined)?.[step], body)

export function bearer({ apiKey }: StandIn): Record<string, string> {
  return { authorization: `Bearer ${apiKey}` }
}

export function callRunware({ runware }: StandIns, tasks: unknown): Promise<Answer> {
  return call(`${runware.origins.api}/v1`, { method: 'POST', headers: bearer(runware), body: tasks })
}

export function callEachlabs({ eachlabs }: StandIns, path: string, options: { method?: string; body?: unknown } = {}): Promise<Answer> {
  return call(URL.canParse(path) ? path : eachlabs.origins.api + path, { ...options, headers: { 'x-api-key': eachlabs.apiKey } })
}

export function callWavespeed({ wavespeed }: StandIns, path: string, options: { method?: string; body?: unknown } = {}): Promise<Answer> {
  return call(URL.canParse(path) ? path : wavespeed.origins.api + path, { ...options, headers: bearer(wavespeed) })
}

export const videoTask = (task: Record<string, unknown> = {}) => ({
  taskType: 'videoInference',
  taskUUID: randomUUID(),
  model: 'klingai:6@1',
  positivePrompt: 'a fox',
  ...task,
})

const webhookQuery = (url: string | undefined, name: string) => (url === undefined ? '' : `?${name}=${encodeURIComponent(url)}`)

export const customers: Record<ProviderName, Customer> = {
  fal: {
    submit: ({ fal }, { prompt = 'a fox', webhook } = {}) =>
      call(`${fal.origins.queue}${falText}${webhookQuery(webhook, 'fal_webhook')}`, {
        method: 'POST',
        headers: { authorization: `Key ${fal.apiKey}` },
        body: { prompt },
      }),
    idIn: ({ body }) => String(field(body, 'request_id')),
    ask: ({ fal }, id) =>
      call(`${fal.origins.queue}/fal-ai/kling-video/requests/${id}`, { headers: { authorization: `Key ${fal.apiKey}` } }),
    clipIn: ({ body }) => field(body, 'video', 'url') as string | undefined,
  },
  replicate: {
    submit: ({ replicate }, { prompt = 'a fox', webhook } = {}) =>
      call(replicate.origins.api + replicateCreate, {
        method: 'POST',
        headers: bearer(replicate),
        body: { input: { prompt }, ...(webhook !== undefined && { webhook, webhook_events_filter: ['completed'] }) },
      }),
    idIn: ({ body }) => String(field(body, 'id')),
    ask: ({ replicate }, id) => call(`${replicate.origins.api}/v1/predictions/${id}`, { headers: bearer(replicate) }),
    clipIn: ({ body }) => field(body, 'output') as string | undefined,
  },
  wavespeed: {
    submit: (providers, { prompt = 'a fox', webhook } = {}) =>
      callWavespeed(providers, `${wavespeedText}${webhookQuery(webhook, 'webhook')}`, { method: 'POST', body: { prompt } }),
    idIn: ({ body }) => String(field(body, 'data', 'id')),
    ask: (providers, id) => callWavespeed(providers, `/api/v3/predictions/${id}/result`),
    clipIn: ({ body }) => field(body, 'data', 'outputs', 0) as string | undefined,
  },
  runware: {
    submit: (providers, { prompt = 'a fox', webhook } = {}) =>
      callRunware(providers, [videoTask({ positivePrompt: prompt, ...(webhook !== undefined && { webhookURL: webhook }) })]),
    idIn: ({ body }) => String(field(body, 'data', 0, 'taskUUID')),
    ask: (providers, id) => callRunware(providers, [{ taskType: 'getResponse', taskUUID: id }]),
    clipIn: ({ body }) => field(body, 'data', 0, 'videoURL') as string | undefined,
  },
  eachlabs: {
    submit: (providers, { prompt = 'a fox', webhook } = {}) =>
      callEachlabs(providers, '/v1/prediction', {
        method: 'POST',
        body: {
          model: 'kling-v2-5-turbo-pro-text-to-video',
          version: '0.0.1',
          input: { prompt },
          ...(webhook !== undefined && { webhook_url: webhook, webhook_secret: 'echo me' }),
        },
      }),
    idIn: ({ body }) => String(field(body, 'predictionID')),
    ask: (providers, id) => callEachlabs(providers, `/v1/prediction/${id}`),
    clipIn: ({ body }) => field(body, 'output') as string | undefined,
  },
}
