import { describe, expect, it } from 'vitest'

import type { HostedImages } from '../../../src/providers/provider.ts'
import { createReplicate } from '../../../src/providers/replicate/provider.ts'
import { webhookUrl } from '../../contracts/provider-submissions.ts'
import { setUpProvider } from '../stage.ts'
import { apiKey, listed, listOf, listRoute, output, prediction, submitRoute } from './stand-in.ts'

const stage = setUpProvider(
  (origin, context) => createReplicate({ apiKey, origins: { api: origin } }, context),
  (own) => own.on(submitRoute, { status: 201, json: prediction({}) }),
)
const { signal } = new AbortController()

describe('a lost create response', () => {
  const submittedAt = 1_760_000_000_000
  const request = { prompt: 'p', durationSeconds: 5 } as const
  const recover = (more: object = {}, images: HostedImages = {}) =>
    stage.provider.recover(request, images, { attemptId: 'a1', webhookUrl, submittedAt, ...more }, { signal })
  const list = (...results: unknown[]) => stage.server.on(listRoute, { json: listOf(results) })
  const first = { firstFrame: { url: 'https://f/1' } }
  const both = { ...first, lastFrame: { url: 'https://f/2' } }
  const found = { id: 'p9' }

  it.each<[string, Record<string, unknown>, HostedImages, object | string]>([
    ['by its webhook', { webhook: webhookUrl }, {}, found],
    ['by its webhook, written another way', { webhook: webhookUrl.replace('https://bot.example', 'https://BOT.example:443') }, {}, found],
    ['by its image', { input: { start_image: 'https://f/1' } }, first, found],
    ['by both images', { input: { start_image: 'https://f/1', end_image: 'https://f/2' } }, both, found],
    ['by its webhook, when it is over', { webhook: webhookUrl, status: 'succeeded', input: {}, output }, {}, found],
    ['not by its prompt', { input: { prompt: 'p', duration: 5 } }, {}, 'unknown'],
    ['not by another webhook', { webhook: webhookUrl.replace('0123', '9876') }, {}, 'unknown'],
    ['not by half of its token', { webhook: webhookUrl.replace('-0123456789', '') }, {}, 'unknown'],
    [
      'not by its image under another webhook',
      { webhook: 'https://bot.example/x', input: { start_image: 'https://f/1' } },
      first,
      'unknown',
    ],
    ['not by another image', { input: { start_image: 'https://f/3' } }, first, 'unknown'],
    ['not by the first of two images', { input: { start_image: 'https://f/1' } }, both, 'unknown'],
    ['not by an image that has a second', { input: { start_image: 'https://f/1', end_image: 'https://f/2' } }, first, 'unknown'],
    ['not from before it was asked for', { webhook: webhookUrl, created_at: new Date(submittedAt - 121_000).toISOString() }, {}, 'unknown'],
    ['by clocks that differ a little', { webhook: webhookUrl, created_at: new Date(submittedAt - 119_000).toISOString() }, {}, found],
  ])('is found %s', async (_, more, images, expected) => {
    list(listed({ id: 'p8', webhook: 'https://bot.example/other' }), listed({ id: 'p9', ...more }), listed({ id: 'p7' }))
    expect(await recover({}, images)).toEqual(expected)
    expect(stage.server.to(submitRoute)).toEqual([])
  })

  it('is not found where two match', async () => {
    list(listed({ id: 'p8', webhook: webhookUrl }), listed({ id: 'p9', webhook: webhookUrl }))
    expect(await recover()).toBe('unknown')
  })

  it('is not searched for without a mark', async () => {
    expect(await recover({ webhookUrl: undefined })).toBe('unknown')
    expect(await recover({ webhookUrl: 'https://bot.example/short' })).toBe('unknown')
    expect(stage.server.requests).toEqual([])
  })

  it('is searched for on further pages, as long as they are recent', async () => {
    const pages = [
      listOf([listed({ id: 'p1' })], `${stage.server.origin}/v1/predictions?cursor=2`),
      listOf([listed({ id: 'p9', webhook: webhookUrl })], `${stage.server.origin}/v1/predictions?cursor=3`),
      listOf([listed({ id: 'p0', created_at: '2025-01-01T00:00:00Z' })], `${stage.server.origin}/v1/predictions?cursor=4`),
    ]
    stage.server.on(listRoute, ...pages.map((json) => ({ json })))
    expect(await recover()).toEqual(found)
    expect(stage.server.requests.map(({ path }) => path)).toEqual(['', '?cursor=2', '?cursor=3'].map((query) => `/v1/predictions${query}`))
  })

  it('is searched for on five pages at most', async () => {
    stage.server.on(listRoute, { json: listOf([listed({ id: 'p1' })], `${stage.server.origin}/v1/predictions?cursor=x`) })
    expect(await recover()).toBe('unknown')
    expect(stage.server.requests).toHaveLength(5)
  })

  it('is not searched for on another origin', async () => {
    stage.server.on(listRoute, { json: listOf([listed({ id: 'p1' })], `${stage.elsewhere.origin}/v1/predictions?cursor=x`) })
    expect(await recover()).toBe('unknown')
    expect(stage.elsewhere.requests).toEqual([])
  })
})
