import { type Box, findBox, readBoxes, readNumber } from './mp4-boxes.ts'
import { sumFragments } from './mp4-fragments.ts'

/** These bytes must not be posted as a clip. `incomplete`: cut short. `no-video`: no video track, or one without frames. */
export class ClipError extends Error {
  override readonly name = 'ClipError'
  readonly fault

  constructor(fault: 'not-mp4' | 'incomplete' | 'no-video') {
    super(`not a clip: ${fault}`)
    this.fault = fault
  }
}

/**
 * Checks a provider's file without a decoder: its boxes must be complete to the last byte, and there must be a video track whose frames lie inside
 * the file. Sample tables are summed, never expanded.
 * @returns its duration in seconds
 * @throws {ClipError}
 */
export function validateMp4(content: Uint8Array): number {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const boxes = [...readBoxes(bytes, 0, bytes.length)]
  if (boxes[0]?.type !== 'ftyp') throw new ClipError('not-mp4')
  const movie = boxes.find(({ type }) => type === 'moov')
  const last = boxes.at(-1)
  if (!movie || !last?.whole || last.end !== bytes.length) throw new ClipError('incomplete')

  const track = readBoxes(bytes, movie.start, movie.end).find((box) => box.type === 'trak' && kindOf(bytes, box) === 'vide')
  if (!track) throw new ClipError('no-video')
  const durationSeconds = readTrack(bytes, movie, track)
  const mediaBytes = boxes.filter(({ type }) => type === 'mdat').reduce((sum, { start, end }) => sum + end - start, 0)
  const fragmented = boxes.some(({ type }) => type === 'moof')
  if (!fragmented && !samplesFit(bytes, track, mediaBytes)) throw new ClipError('incomplete')
  return durationSeconds
}

function kindOf(bytes: Buffer, track: Box): string | undefined {
  const handler = findBox(bytes, track, 'mdia', 'hdlr')
  return handler && handler.end - handler.start >= 12 ? bytes.toString('latin1', handler.start + 8, handler.start + 12) : undefined
}

/** The duration in seconds of a track with frames that can be seen. */
function readTrack(bytes: Buffer, movie: Box, track: Box): number {
  const durationSeconds =
    readDuration(bytes, findBox(bytes, track, 'mdia', 'mdhd')) ??
    readDuration(bytes, findBox(bytes, movie, 'mvhd')) ??
    readFragmentedDuration(bytes, movie, track)
  const description = findBox(bytes, track, 'mdia', 'minf', 'stbl', 'stsd')
  // The entries, boxes themselves, follow the table's version and count.
  const entry = description && readBoxes(bytes, description.start + 8, description.end).next().value
  const width = entry && readNumber(bytes, entry, 24, 2)
  const height = entry && readNumber(bytes, entry, 26, 2)
  if (!durationSeconds || !width || !height) throw new ClipError('no-video')
  return durationSeconds
}

/** Seconds, from a movie's or a track's header. Undefined if missing or zero. */
function readDuration(bytes: Buffer, header: Box | undefined): number | undefined {
  if (!header) return undefined
  const long = bytes[header.start] === 1
  const timescale = readNumber(bytes, header, long ? 20 : 12)
  const duration = readNumber(bytes, header, long ? 24 : 16, long ? 8 : 4)
  return timescale && duration ? duration / timescale : undefined
}

/** The duration of a streamed file is only in its fragments. */
function readFragmentedDuration(bytes: Buffer, movie: Box, track: Box): number | undefined {
  const header = findBox(bytes, track, 'tkhd')
  const media = findBox(bytes, track, 'mdia', 'mdhd')
  const trackId = header && readNumber(bytes, header, bytes[header.start] === 1 ? 20 : 12)
  const timescale = media && readNumber(bytes, media, bytes[media.start] === 1 ? 20 : 12)
  return trackId && timescale ? sumFragments(bytes, movie, trackId) / timescale : undefined
}

/** Are there frames, and do their sizes and positions fit into the file? */
function samplesFit(bytes: Buffer, track: Box, mediaBytes: number): boolean {
  const sizes = findBox(bytes, track, 'mdia', 'minf', 'stbl', 'stsz')
  const count = sizes && readNumber(bytes, sizes, 8)
  if (!count) throw new ClipError('no-video')
  const uniform = readNumber(bytes, sizes, 4) ?? 0
  let total = uniform * count
  for (let index = 0; uniform === 0 && index < count; index++) {
    const size = readNumber(bytes, sizes, 12 + index * 4)
    if (size === undefined) return false
    total += size
  }
  return total <= mediaBytes && chunksFit(bytes, track)
}

function chunksFit(bytes: Buffer, track: Box): boolean {
  const short = findBox(bytes, track, 'mdia', 'minf', 'stbl', 'stco')
  const offsets = short ?? findBox(bytes, track, 'mdia', 'minf', 'stbl', 'co64')
  const count = offsets && readNumber(bytes, offsets, 4)
  if (!count) return false
  const width = short ? 4 : 8
  for (let index = 0; index < count; index++) {
    const position = readNumber(bytes, offsets, 8 + index * width, width)
    if (position === undefined || position >= bytes.length) return false
  }
  return true
}
