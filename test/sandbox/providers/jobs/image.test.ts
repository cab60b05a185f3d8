import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { testImage } from '../../../support/media/test-image.ts'
import { callFal, callReplicate, createAtReplicate, falImage, submitToFal } from '../calls.ts'
import { withStandIns } from '../with-stand-ins.ts'

const context = withStandIns()

const dataUri = (bytes: Uint8Array, mediaType = 'image/png') => `data:${mediaType};base64,${Buffer.from(bytes).toString('base64')}`

/** Serves the bytes on this machine while `work` runs. */
async function whileServing(bytes: Uint8Array, work: (address: string) => Promise<void>): Promise<void> {
  const server = createServer((_, response) => response.end(bytes))
  server.listen(0)
  await once(server, 'listening')
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/picture`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** The errors of fal and Replicate for a job with this first image. */
async function outcomesOf(address: string): Promise<[string | undefined, unknown]> {
  const { fal, replicate } = context.providers
  const submitted = await submitToFal(fal, { image_url: address }, falImage)
  await fal.jobs.reached('finished', submitted.request_id)
  const { body } = await callFal(fal, submitted.response_url)
  const created = await createAtReplicate(replicate, { start_image: address })
  await replicate.jobs.reached('finished', created.id)
  const prediction = (await callReplicate(replicate, created.urls.get)).body as { error: unknown }
  return [(body as { detail?: { type: string }[] }).detail?.[0]?.type, prediction.error]
}

describe('an image', () => {
  test('is read from this machine and from a data URI, also at the exact limits', async () => {
    const smallest = await testImage({ width: 300, height: 750 })
    expect(await outcomesOf(dataUri(smallest))).toEqual([undefined, null])
    await whileServing(await testImage({ width: 750, height: 300, type: 'jpeg' }), async (address) => {
      expect(await outcomesOf(address)).toEqual([undefined, null])
    })
  })

  test.for([
    ['too narrow', { width: 299, height: 500 }, 'image_too_small', 'at least 300px'],
    ['too flat', { width: 500, height: 299 }, 'image_too_small', 'at least 300px'],
    ['too tall', { width: 300, height: 751 }, 'value_error', 'aspect ratio'],
    ['too wide', { width: 751, height: 300 }, 'value_error', 'aspect ratio'],
  ] as const)('that is %s fails the job', async ([, size, type, words]) => {
    await whileServing(await testImage(size), async (address) => {
      expect(await outcomesOf(address)).toEqual([type, expect.stringContaining(words)])
    })
  })

  test('that is truncated, no image, or too large fails the job', async () => {
    const image = await testImage()
    const cases = [
      [image.subarray(0, image.length / 2), 'image_load_error', 'could not be read'],
      [Buffer.from('<html>no image</html>'), 'unsupported_image_format', 'JPG, JPEG or PNG'],
      [Buffer.concat([image, Buffer.alloc(10 * 1024 * 1024)]), 'file_too_large', 'larger than 10MB'],
    ] as const
    for (const [bytes, type, words] of cases) {
      await whileServing(bytes, async (address) => {
        expect(await outcomesOf(address)).toEqual([type, expect.stringContaining(words)])
      })
    }
  })

  test.for(['http://127.0.0.1:9/none.png', 'https://example.com/outside.png', 'file:///etc/hostname', 'http://192.168.0.1/'])(
    'at %s is unreachable',
    async (address) => {
      expect(await outcomesOf(address)).toEqual(['file_download_error', expect.stringContaining('could not be downloaded')])
    },
  )

  test('is never requested from another address, even a reachable one', async () => {
    await whileServing(await testImage(), async (address) => {
      const elsewhere = address.replace('127.0.0.1', '0.0.0.0')
      expect((await fetch(elsewhere)).status).toBe(200)
      expect((await outcomesOf(elsewhere))[0]).toBe('file_download_error')
    })
  })

  test('in another provider’s private storage is unreachable', async () => {
    const { fal, replicate } = context.providers
    const form = new FormData()
    form.set('content', new Blob([new Uint8Array(await testImage())], { type: 'image/png' }), 'frame.png')
    const headers = { authorization: `Bearer ${replicate.apiKey}` }
    const uploaded = await fetch(`${replicate.origins.api}/v1/files`, { method: 'POST', body: form, headers })
    const { urls } = (await uploaded.json()) as { urls: { get: string } }
    const submitted = await submitToFal(fal, { image_url: urls.get }, falImage)
    await fal.jobs.reached('failed', submitted.request_id)
    const { id } = await createAtReplicate(replicate, { start_image: urls.get })
    await replicate.jobs.reached('succeeded', id)
  })

  test('as the last image is checked like the first', async () => {
    const { fal, replicate } = context.providers
    const [good, bad] = [dataUri(await testImage()), dataUri(await testImage({ width: 100, height: 100 }))]
    const submitted = await submitToFal(fal, { image_url: good, tail_image_url: bad }, falImage)
    await fal.jobs.reached('failed', submitted.request_id)
    expect((await callFal(fal, submitted.response_url)).body).toMatchObject({ detail: [{ loc: ['body', 'tail_image_url'] }] })
    const created = await createAtReplicate(replicate, { start_image: good, end_image: bad })
    await replicate.jobs.reached('failed', created.id)
    expect((await callReplicate(replicate, created.urls.get)).body).toMatchObject({ error: expect.stringContaining('end_image') as string })
  })

  test('under Replicate’s older field name works', async () => {
    const { replicate } = context.providers
    const { id } = await createAtReplicate(replicate, { image: dataUri(await testImage({ seed: 31 })) })
    const job = await replicate.jobs.reached('succeeded', id)
    expect(job.order.firstImageUrl).toMatch(/^data:/)
  })
})
