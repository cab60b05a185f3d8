/** Writes MP4 files box by box, so that each of them can be wrong in one place. No decoder would like the frames. */
export function box(type: string, ...content: (Buffer | number[])[]): Buffer {
  const body = Buffer.concat(content.map((part) => Buffer.from(part)))
  return Buffer.concat([u32(body.length + 8), Buffer.from(type, 'latin1'), body])
}

export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4)
  return bytes
}

export interface Mp4Shape {
  kind?: 'vide' | 'soun'
  /** Time scale and duration, of track and movie. */
  timescale?: number
  duration?: number
  width?: number
  height?: number
  codec?: string
  frames?: Buffer[]
  /** Version 1 headers, with times of 8 bytes. */
  long?: boolean
  /** Chunk offsets of 8 bytes. */
  largeOffsets?: boolean
  /** The index after the frames, as cameras write it. */
  movieLast?: boolean
  /** All frames of one size, told once. */
  uniform?: boolean
}

const frame = Buffer.from('a frame of sixteen bytes')

export function mp4(shape: Mp4Shape = {}): Buffer {
  const frames = shape.frames ?? [frame, frame, frame]
  const brand = box('ftyp', Buffer.from('isom'), u32(512), Buffer.from('isommp42'))
  const media = box('mdat', ...frames)
  const movie = (firstFrame: number) => box('moov', header('mvhd', shape), trackOf(shape, frames, firstFrame))
  if (shape.movieLast) return Buffer.concat([brand, media, movie(brand.length + 8)])
  const length = movie(0).length
  return Buffer.concat([brand, movie(brand.length + length + 8), media])
}

/** The same clip in fragments of one frame each; durations stand in the run, the fragment's header or the movie's defaults. */
export function fragmentedMp4(durations: number[], told: 'run' | 'fragment' | 'movie'): Buffer {
  const brand = box('ftyp', Buffer.from('iso5'), u32(512), Buffer.from('iso5mp41'))
  const defaults = box('mvex', box('trex', u32(0, 1, 1, told === 'movie' ? (durations[0] ?? 0) : 0, 0, 0)))
  const movie = box('moov', header('mvhd', { duration: 0 }), trackOf({ duration: 0 }, [], 0), defaults)
  const fragments = durations.map((duration) => {
    const track = told === 'fragment' ? box('tfhd', u32(0x02_0008, 1, duration)) : box('tfhd', u32(0x02_0000, 1))
    const run = told === 'run' ? box('trun', u32(0x301, 1, 0, duration, frame.length)) : box('trun', u32(0x201, 1, 0, frame.length))
    return Buffer.concat([box('moof', box('mfhd', u32(0, 1)), box('traf', track, run)), box('mdat', frame)])
  })
  return Buffer.concat([brand, movie, ...fragments])
}

function header(type: 'mvhd' | 'mdhd', { long = false, timescale = 24, duration = 120 }: Mp4Shape): Buffer {
  const times = long ? u32(0x0100_0000, 0, 0, 0, 0, timescale, 0, duration) : u32(0, 0, 0, timescale, duration)
  return box(type, times, Buffer.alloc(type === 'mvhd' ? 80 : 4))
}

function trackOf(shape: Mp4Shape, frames: Buffer[], firstFrame: number): Buffer {
  const { kind = 'vide', width = 1280, height = 720, codec = 'avc1', long = false, largeOffsets = false, uniform = false } = shape
  const identity = long ? u32(0x0100_0000, 0, 0, 0, 0, 1) : u32(0, 0, 0, 1)
  const size = Buffer.alloc(4)
  size.writeUInt16BE(width, 0)
  size.writeUInt16BE(height, 2)
  const entry = box(codec, Buffer.alloc(24), size, Buffer.alloc(50))
  const sizes = uniform ? u32(0, frames[0]?.length ?? 0, frames.length) : u32(0, 0, frames.length, ...frames.map(({ length }) => length))
  const offsets = largeOffsets ? box('co64', u32(0, 1, 0, firstFrame)) : box('stco', u32(0, 1, firstFrame))
  const table = box('stbl', box('stsd', u32(0, 1), entry), box('stsz', sizes), offsets)
  const handler = box('hdlr', u32(0, 0), Buffer.from(kind), Buffer.alloc(13))
  return box('trak', box('tkhd', identity, Buffer.alloc(68)), box('mdia', header('mdhd', shape), handler, box('minf', table)))
}
