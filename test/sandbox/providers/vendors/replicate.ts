import Replicate from 'replicate'
import { expect } from 'vitest'
import type { StandIns } from '../../../../sandbox/providers/stand-ins.ts'
import { callsIn, type Vendor } from './vendor.ts'

const model = 'kwaivgi/kling-v2.5-turbo-pro'
const input = { prompt: 'a fox' }
const poll = { mode: 'poll', interval: 20 } as const

function clientOf({ replicate: { origins, apiKey } }: StandIns): Replicate {
  return new Replicate({ auth: apiKey, baseUrl: `${origins.api}/v1` })
}

const documented = new Replicate({ auth: 'none' })
const file = () => new File(['bytes'], 'frame.png', { type: 'image/png' })
const isClip = expect.stringMatching(/^http.*\.mp4$/) as string
const aboutOthers = 'not about this model'

export const replicateVendor: Vendor = {
  name: 'replicate',
  documented: [
    ...(['accounts', 'collections', 'deployments', 'files', 'hardware', 'models', 'predictions', 'trainings', 'webhooks'] as const).flatMap(
      (group) => callsIn(documented[group], `${group}.`),
    ),
    ...['run', 'wait', 'paginate', 'request', 'stream'],
  ],
  tried: {
    'accounts.current': async (providers) =>
      expect(await clientOf(providers).accounts.current()).toMatchObject({ type: 'organization', username: 'sandbox' }),
    'hardware.list': async (providers) => expect(await clientOf(providers).hardware.list()).toMatchObject([{ sku: 'cpu', name: 'CPU' }]),
    'models.get': async (providers) => {
      const described = await clientOf(providers).models.get('kwaivgi', 'kling-v2.5-turbo-pro')
      expect(described).toMatchObject({ owner: 'kwaivgi', name: 'kling-v2.5-turbo-pro', visibility: 'public', is_official: true })
      const schema = described.latest_version?.openapi_schema as { components: { schemas: { Input: { properties: object } } } }
      expect(Object.keys(schema.components.schemas.Input.properties)).toEqual(
        expect.arrayContaining(['prompt', 'negative_prompt', 'start_image', 'end_image', 'duration', 'aspect_ratio']),
      )
    },
    'files.create': async (providers) =>
      expect(await clientOf(providers).files.create(file())).toMatchObject({ content_type: 'image/png', size: 5 }),
    'files.get': async (providers) => {
      const created = await clientOf(providers).files.create(file())
      expect(await clientOf(providers).files.get(created.id)).toEqual(created)
    },
    'files.list': async (providers) => {
      const created = await clientOf(providers).files.create(file())
      expect((await clientOf(providers).files.list()).results).toEqual([created])
    },
    'files.delete': async (providers) => {
      const { id } = await clientOf(providers).files.create(file())
      expect(await clientOf(providers).files.delete(id)).toBe(true)
    },
    'predictions.create': async (providers) =>
      expect(await clientOf(providers).predictions.create({ model, input })).toMatchObject({ status: 'starting', input }),
    'predictions.get': async (providers) => {
      const { id } = await clientOf(providers).predictions.create({ model, input })
      await providers.replicate.jobs.reached('succeeded')
      expect(await clientOf(providers).predictions.get(id)).toMatchObject({ id, status: 'succeeded', output: isClip })
    },
    'predictions.list': async (providers) => {
      const { id } = await clientOf(providers).predictions.create({ model, input })
      expect((await clientOf(providers).predictions.list()).results).toMatchObject([{ id }])
    },
    'predictions.cancel': async (providers) => {
      providers.replicate.jobs.hold('completion')
      const { id } = await clientOf(providers).predictions.create({ model, input })
      expect(await clientOf(providers).predictions.cancel(id)).toMatchObject({ id, status: 'canceled' })
    },
    'webhooks.default.secret.get': async (providers) =>
      expect(await clientOf(providers).webhooks.default.secret.get()).toMatchObject({ key: expect.stringMatching(/^whsec_/) as string }),
    run: async (providers) => expect(await clientOf(providers).run(model, { input, wait: poll })).toEqual(isClip),
    wait: async (providers) => {
      const created = await clientOf(providers).predictions.create({ model, input })
      expect(await clientOf(providers).wait(created, { interval: 20 })).toMatchObject({ status: 'succeeded', output: isClip })
    },
    paginate: async (providers) => {
      const client = clientOf(providers)
      for (let number = 0; number < 101; number++) await client.predictions.create({ model, input })
      const lengths: number[] = []
      for await (const page of client.paginate(() => client.predictions.list())) lengths.push(page.length)
      expect(lengths).toEqual([100, 1])
    },
    request: async (providers) => expect((await clientOf(providers).request('/account', { method: 'GET' })).status).toBe(200),
  },
  leftOut: {
    stream: 'the model streams no output',
    ...Object.fromEntries(['list', 'create', 'search'].map((name) => [`models.${name}`, aboutOthers])),
    ...Object.fromEntries(['list', 'get'].map((name) => [`models.versions.${name}`, 'the versions of an official model are hidden'])),
    ...Object.fromEntries(['list', 'get'].map((name) => [`collections.${name}`, aboutOthers])),
    ...Object.fromEntries(
      ['get', 'create', 'update', 'delete', 'list', 'predictions.create'].map((name) => [`deployments.${name}`, aboutOthers]),
    ),
    ...Object.fromEntries(['create', 'get', 'cancel', 'list'].map((name) => [`trainings.${name}`, aboutOthers])),
  },
}
