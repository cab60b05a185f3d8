import { type Box, findBox, readBoxes, readNumber } from './mp4-boxes.ts'

/** The optional fields of a `tfhd` before its default duration, and of a `trun` before and within its samples. */
const tfhdFlags = { baseDataOffset: 0x1, sampleDescription: 0x2, defaultDuration: 0x8 }
const trunFlags = { dataOffset: 0x1, firstSampleFlags: 0x4, duration: 0x100, size: 0x200, flags: 0x400, compositionOffset: 0x800 }

/** The duration of a fragmented track in its own time scale: the sum over its runs. */
export function sumFragments(bytes: Buffer, movie: Box, trackId: number): number {
  const defaults = childrenOf(bytes, findBox(bytes, movie, 'mvex'), 'trex').find((box) => readNumber(bytes, box, 4) === trackId)
  const fallback = (defaults && readNumber(bytes, defaults, 12)) ?? 0
  let sum = 0
  for (const fragment of readBoxes(bytes, 0, bytes.length)) {
    if (fragment.type !== 'moof') continue
    for (const track of childrenOf(bytes, fragment, 'traf')) {
      const header = findBox(bytes, track, 'tfhd')
      if (!header || readNumber(bytes, header, 4) !== trackId) continue
      const duration = defaultDuration(bytes, header) ?? fallback
      for (const run of childrenOf(bytes, track, 'trun')) sum += runDuration(bytes, run, duration)
    }
  }
  return sum
}

function childrenOf(bytes: Buffer, parent: Box | undefined, type: string): Box[] {
  return parent ? [...readBoxes(bytes, parent.start, parent.end)].filter((box) => box.type === type) : []
}

function flagsOf(bytes: Buffer, box: Box): number {
  return (readNumber(bytes, box, 0) ?? 0) & 0xffffff
}

function defaultDuration(bytes: Buffer, header: Box): number | undefined {
  const flags = flagsOf(bytes, header)
  if (!(flags & tfhdFlags.defaultDuration)) return undefined
  return readNumber(bytes, header, 8 + (flags & tfhdFlags.baseDataOffset ? 8 : 0) + (flags & tfhdFlags.sampleDescription ? 4 : 0))
}

function runDuration(bytes: Buffer, run: Box, fallback: number): number {
  const flags = flagsOf(bytes, run)
  const count = readNumber(bytes, run, 4) ?? 0
  if (!(flags & trunFlags.duration)) return count * fallback
  const perSample =
    [trunFlags.duration, trunFlags.size, trunFlags.flags, trunFlags.compositionOffset].filter((flag) => flags & flag).length * 4
  const first = 8 + (flags & trunFlags.dataOffset ? 4 : 0) + (flags & trunFlags.firstSampleFlags ? 4 : 0)
  let sum = 0
  for (let index = 0; index < count; index++) {
    const duration = readNumber(bytes, run, first + index * perSample)
    // The count is not trusted beyond the end of the box.
    if (duration === undefined) break
    sum += duration
  }
  return sum
}
