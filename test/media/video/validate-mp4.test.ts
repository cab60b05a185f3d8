import { describe, expect, it } from 'vitest'

import { ClipError, validateMp4 } from '../../../src/media/video/validate-mp4.ts'
import { box, fragmentedMp4, mp4, type Mp4Shape, u32 } from '../../support/media/mp4.ts'

function faultOf(bytes: Uint8Array): string {
  try {
    return `accepted: ${JSON.stringify(validateMp4(bytes))}`
  } catch (error) {
    if (error instanceof ClipError) return error.fault
    throw error
  }
}

describe('validateMp4', () => {
  it.each<[string, Mp4Shape, number]>([
    ['as usually written', {}, 5],
    ['of ten seconds, upright, in another codec', { duration: 240, width: 720, height: 1280, codec: 'hev1' }, 10],
    ['with times of 8 bytes', { long: true }, 5],
    ['with offsets of 8 bytes', { largeOffsets: true }, 5],
    ['with its index at the end', { movieLast: true }, 5],
    ['with frames of one size', { uniform: true }, 5],
  ])('reads one %s', (_, shape, expected) => {
    expect(validateMp4(mp4(shape))).toBe(expected)
  })

  it.each(['run', 'fragment', 'movie'] as const)('reads a fragmented clip with durations in the %s', (told) => {
    expect(validateMp4(fragmentedMp4([40, 40, 40], told))).toBe(5)
  })

  it('reads a clip at any offset in memory', () => {
    const shifted = Buffer.concat([Buffer.alloc(5), mp4()]).subarray(5)
    expect(validateMp4(new Uint8Array(shifted.buffer, shifted.byteOffset, shifted.byteLength))).toBe(5)
  })

  it('skips unknown boxes and reads a last box that extends to the end', () => {
    const bytes = mp4()
    const at = bytes.indexOf('mdat', 0, 'latin1') - 4
    bytes.writeUInt32BE(0, at)
    expect(validateMp4(bytes)).toBe(5)
    expect(validateMp4(Buffer.concat([mp4(), box('free', Buffer.alloc(9)), box('uuid', Buffer.alloc(16))]))).toBe(5)
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['HTML', Buffer.from('<!doctype html><title>not found</title>')],
    ['JSON', Buffer.from('{"detail":"expired"}')],
    ['a PNG', Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1')],
    ['zeros', Buffer.alloc(1000)],
  ])('does not take %s', (_, bytes) => {
    expect(faultOf(bytes)).toBe('not-mp4')
  })

  it.each<[string, Mp4Shape]>([
    ['the index first', {}],
    ['the index last', { movieLast: true }],
    ['frames to the end of the file', { uniform: true }],
  ])('does not take one cut short anywhere (%s)', (_, shape) => {
    const whole = mp4(shape)
    for (let length = 24; length < whole.length; length++)
      expect([length, faultOf(whole.subarray(0, length))]).toEqual([length, 'incomplete'])
  })

  it('rejects frames that are missing at the end of an open box', () => {
    const bytes = mp4()
    bytes.writeUInt32BE(0, bytes.indexOf('mdat', 0, 'latin1') - 4)
    expect(faultOf(bytes.subarray(0, -1))).toBe('incomplete')
  })

  it('rejects frames outside the file', () => {
    const bytes = mp4()
    bytes.writeUInt32BE(bytes.length, bytes.indexOf('stco', 0, 'latin1') + 12)
    expect(faultOf(bytes)).toBe('incomplete')
  })

  it('rejects trailing bytes that are no box', () => {
    expect(faultOf(Buffer.concat([mp4(), Buffer.from('rest')]))).toBe('incomplete')
  })

  it.each<[string, Mp4Shape]>([
    ['only sound', { kind: 'soun' }],
    ['no width', { width: 0 }],
    ['no time scale', { timescale: 0 }],
    ['no length', { duration: 0 }],
    ['no frames', { frames: [] }],
  ])('does not take one with %s', (_, shape) => {
    expect(faultOf(mp4(shape))).toBe('no-video')
  })

  it('neither throws other errors nor hangs on damaged files', () => {
    let state = 7
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state % below
    }
    const originals = [mp4(), mp4({ long: true, largeOffsets: true }), fragmentedMp4([40, 40, 40], 'run')]
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(originals[round % originals.length] ?? [])
      for (let hits = 1 + random(4); hits > 0; hits--) bytes[random(bytes.length)] = random(3) ? random(256) : 0xff
      faultOf(bytes)
    }
  })

  it('does not trust counts that exceed the box', () => {
    const bytes = mp4()
    bytes.writeUInt32BE(0xffffffff, bytes.indexOf('stsz', 0, 'latin1') + 12)
    expect(faultOf(bytes)).toBe('incomplete')
    const fragments = fragmentedMp4([40, 40, 40], 'run')
    u32(0xffffffff).copy(fragments, fragments.indexOf('trun', 0, 'latin1') + 8)
    expect(validateMp4(fragments)).toBeGreaterThan(0)
  })
})
