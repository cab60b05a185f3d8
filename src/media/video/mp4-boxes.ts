/** A box of an ISO media file (ISO/IEC 14496-12): its type and the position of its content in the file. */
export interface Box {
  type: string
  /** First byte of the content. */
  start: number
  /** First byte after it. */
  end: number
  /** False if the box claims more bytes than its parent has. */
  whole: boolean
}

const maxBoxes = 10_000

/** The boxes between two positions, in order, up to the first malformed one. Reads nothing outside. */
export function* readBoxes(bytes: Buffer, from: number, to: number): Generator<Box, void, undefined> {
  let position = from
  for (let count = 0; position + 8 <= to && count < maxBoxes; count++) {
    const type = bytes.toString('latin1', position + 4, position + 8)
    let size = bytes.readUInt32BE(position)
    let header = 8
    if (size === 1) {
      if (position + 16 > to) return
      size = Number(bytes.readBigUInt64BE(position + 8))
      header = 16
    } else if (size === 0) {
      // The last box of a file may reach to its end.
      size = to - position
    }
    if (size < header) return
    const end = Math.min(position + size, to)
    yield { type, start: position + header, end, whole: position + size <= to }
    position += size
  }
}

/** Follows a path of box types down from `box`, to the first of each type. */
export function findBox(bytes: Buffer, box: Box, type: string, ...below: string[]): Box | undefined {
  const found = readBoxes(bytes, box.start, box.end).find((candidate) => candidate.type === type && candidate.whole)
  const [next, ...rest] = below
  return found && next !== undefined ? findBox(bytes, found, next, ...rest) : found
}

/** An unsigned number inside a box; undefined if the box is too short. */
export function readNumber(bytes: Buffer, box: Box, offset: number, size: 2 | 4 | 8 = 4): number | undefined {
  const position = box.start + offset
  if (position + size > box.end) return undefined
  if (size === 8) return Number(bytes.readBigUInt64BE(position))
  return size === 4 ? bytes.readUInt32BE(position) : bytes.readUInt16BE(position)
}
