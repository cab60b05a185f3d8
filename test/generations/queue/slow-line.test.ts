import { describe, expect, it } from 'vitest'

import { type Acceptance, enqueue } from '../../../src/generations/queue/enqueue.ts'
import { createClock } from '../../../src/lib/clock.ts'
import { addWorker, recordHeartbeat } from '../../../src/storage/workers.ts'
import { hasPostgres, openPlace, temporaryPostgres } from '../../storage/stores.ts'
import { plenty } from '../../support/store/generations.ts'
import { openPostgresProxy } from '../../support/store/postgres-proxy.ts'
import { quickProvider } from '../worker/worker-stage.ts'

const clock = createClock()
const bytes = 2 * 1024 * 1024

/** The request number `count`, from a server of its own. With an image it takes half a minute over the slow line. */
function acceptanceOf(count: number, { withImage }: { withImage: boolean }): Acceptance {
  const id = String(count).padStart(3, '0')
  const image = { sha256: id, mediaType: 'image/png', width: 300, height: 300, sizeBytes: bytes } as const
  return {
    request: { prompt: 'a boat', durationSeconds: 5, ...(withImage && { firstFrame: image }) },
    images: withImage ? [{ ...image, bytes: new Uint8Array(bytes).fill(count) }] : [],
    requester: {
      memberId: `400000000000000${id}`,
      guildId: `200000000000000${id}`,
      channelId: `300000000000000${id}`,
      reply: { applicationId: '1', interactionId: `500000000000000${id}`, token: 'none', attachmentSizeLimit: 1, locale: 'en-US' },
    },
    candidates: [quickProvider('fal')],
    budgets: { installation: plenty, guild: plenty },
    timeZone: undefined,
    now: Date.UTC(2026, 10, 20, 12),
  }
}

describe.skipIf(!hasPostgres)('while images are on their way to PostgreSQL over a slow line', () => {
  it.each([1, 12])('another server’s request is accepted and the heartbeat arrives (%i at once)', async (count) => {
    const proxy = await openPostgresProxy(await temporaryPostgres())
    const database = await openPlace({ url: proxy.url })
    await addWorker(database.statements, database, { id: 'worker', role: 'all', providers: ['fal'] })
    proxy.slowDown(64 * 1024)
    let accepted = 0
    const uploads = Array.from({ length: count }, async (_, index) => {
      const generation = await enqueue({ database, clock }, acceptanceOf(index + 1, { withImage: true }))
      accepted += 1
      return generation
    })
    await proxy.congested(Math.min(count, 2))

    expect(await enqueue({ database, clock }, acceptanceOf(100, { withImage: false }))).toMatchObject({ state: 'queued' })
    expect(await recordHeartbeat(database.statements, database, 'worker')).toBe(true)
    expect(accepted).toBe(0)

    proxy.slowDown(undefined)
    for (const generation of await Promise.all(uploads)) expect(generation).toMatchObject({ state: 'queued' })
  })
})
