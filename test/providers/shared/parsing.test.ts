import { describe, expect, it } from 'vitest'

import { readEvents } from '../../../src/providers/shared/sse.ts'
import { readRetryAfter } from '../../../src/providers/shared/rejections.ts'

describe('Retry-After', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  it.each([
    ['5', 5000],
    [' 0 ', 0],
    ['1.5', 1500],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 23:59:59 GMT', 0],
    ['86400', 3_600_000],
    ['-1', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
    ['5, 6', undefined],
    ['Mon, nonsense', undefined],
  ])('%s means %s ms', (header, milliseconds) => {
    expect(readRetryAfter(header, now)).toBe(milliseconds)
  })
})

describe('a stream of events', () => {
  async function eventsOf(chunks: Uint8Array[]): Promise<string[]> {
    const events: string[] = []
    for await (const event of readEvents(toAsync(chunks))) events.push(event)
    return events
  }
  // eslint-disable-next-line @typescript-eslint/require-await -- chunks that are there already, as a stream
  async function* toAsync(chunks: Uint8Array[]) {
    yield* chunks
  }

  const text = 'data: one\n\n: comment\r\nevent: x\r\ndata:two\r\ndata: 2 ü\r\n\r\nid: 7\rdata: three\r\rdata: four\n\ndata: cut'
  const events = ['one', 'two\n2 ü', 'three', 'four']

  it('is the same however it is chunked', async () => {
    const bytes = Buffer.from(text)
    expect(await eventsOf([bytes])).toEqual(events)
    for (let size = 1; size < bytes.length; size++) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
      expect([size, ...(await eventsOf(chunks))]).toEqual([size, ...events])
    }
  })

  it.each([
    ['in one line', 'data: ' + 'x'.repeat(400_000)],
    ['in many lines', 'data: x\n'.repeat(400_000)],
  ])('rejects an endless event (%s)', async (_, endless) => {
    await expect(eventsOf([Buffer.from(endless)])).rejects.toThrow()
  })
})
