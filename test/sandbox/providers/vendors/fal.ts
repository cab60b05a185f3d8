import { expect } from 'vitest'
import type { StandIns } from '../../../../sandbox/providers/stand-ins.ts'
import { falClientOf } from '../fal/fal-client.ts'
import { callsIn, type Vendor } from './vendor.ts'

const endpoint = 'fal-ai/kling-video/v2.5-turbo/pro/text-to-video'
const input = { prompt: 'a fox' }
const result = { video: { url: expect.stringMatching(/^http.*\.mp4$/) as string } }
const documented = falClientOf({ apiKey: 'none', origins: { queue: '', rest: '', media: '', run: '' } })

const submit = async (providers: StandIns) => {
  const { request_id: requestId } = await falClientOf(providers.fal).queue.submit(endpoint, { input })
  return { client: falClientOf(providers.fal), requestId }
}
const image = (bytes: Uint8Array<ArrayBuffer>) => new Blob([bytes], { type: 'image/png' })

export const falVendor: Vendor = {
  name: 'fal',
  documented: [...new Set([...callsIn(documented), 'streaming.stream'])],
  tried: {
    run: async ({ fal }) => expect(await falClientOf(fal).run(endpoint, { input })).toMatchObject({ data: result }),
    subscribe: async ({ fal }) =>
      expect(await falClientOf(fal).subscribe(endpoint, { input, pollInterval: 20 })).toMatchObject({ data: result }),
    'subscribe (streaming)': async ({ fal }) =>
      expect(await falClientOf(fal).subscribe(endpoint, { input, mode: 'streaming' })).toMatchObject({ data: result }),
    'queue.submit': async ({ fal }) =>
      expect(await falClientOf(fal).queue.submit(endpoint, { input })).toMatchObject({ status: 'IN_QUEUE' }),
    'queue.status': async (providers) => {
      const { client, requestId } = await submit(providers)
      await providers.fal.jobs.reached('succeeded')
      expect(await client.queue.status(endpoint, { requestId, logs: true })).toMatchObject({ status: 'COMPLETED' })
    },
    'queue.streamStatus': async (providers) => {
      const { client, requestId } = await submit(providers)
      const statuses: string[] = []
      for await (const { status } of await client.queue.streamStatus(endpoint, { requestId })) statuses.push(status)
      expect(statuses.at(-1)).toBe('COMPLETED')
    },
    'queue.subscribeToStatus': async (providers) => {
      const { client, requestId } = await submit(providers)
      expect(await client.queue.subscribeToStatus(endpoint, { requestId, pollInterval: 20 })).toMatchObject({ status: 'COMPLETED' })
    },
    'queue.result': async (providers) => {
      const { client, requestId } = await submit(providers)
      await providers.fal.jobs.reached('succeeded')
      expect(await client.queue.result(endpoint, { requestId })).toMatchObject({ data: result })
    },
    'queue.cancel': async (providers) => {
      providers.fal.jobs.hold('completion')
      const { client, requestId } = await submit(providers)
      await client.queue.cancel(endpoint, { requestId })
      expect(providers.fal.jobs.get(requestId)?.state).toBe('cancelled')
    },
    'storage.upload': async ({ fal }) => {
      const url = await falClientOf(fal).storage.upload(image(new Uint8Array([1, 2, 3])))
      expect([...new Uint8Array(await (await fetch(url)).arrayBuffer())]).toEqual([1, 2, 3])
    },
    'storage.upload (in parts)': async ({ fal }) => {
      // The client sends more than 90 MB in parts of ten.
      const bytes = new Uint8Array(90 * 1024 * 1024 + 1).fill(7)
      const url = await falClientOf(fal).storage.upload(image(bytes))
      const served = await fetch(url)
      expect(served.headers.get('content-type')).toBe('image/png')
      expect(Buffer.compare(new Uint8Array(await served.arrayBuffer()), bytes)).toBe(0)
      expect(fal.requests.list('file').filter(({ path }) => path.startsWith('/multipart/'))).toHaveLength(11)
    },
    'storage.transformInput': async ({ fal }) => {
      const transformed = await falClientOf(fal).storage.transformInput({ prompt: 'p', image_url: image(new Uint8Array([1])) })
      expect(transformed).toEqual({ prompt: 'p', image_url: expect.stringContaining(fal.origins.media) as string })
    },
  },
  leftOut: {
    'realtime.connect': 'the model has no connection in real time',
    'streaming.stream': 'the model streams no output',
    stream: 'the model streams no output',
  },
}
