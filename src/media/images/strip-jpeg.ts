const marker = {
  sof0: 0xc0,
  rst0: 0xd0,
  rst7: 0xd7,
  eoi: 0xd9,
  sos: 0xda,
  exp: 0xdf,
  app0: 0xe0,
  app2: 0xe2,
  app14: 0xee,
  app15: 0xef,
  com: 0xfe,
}

const jfifBytes = 14
const iccName = 'ICC_PROFILE\0'

/**
 * The same JPEG without metadata, embedded previews and whatever follows its end: the compressed pixels are copied. Undefined if its structure is not
 * understood.
 */
export function stripJpeg(bytes: Uint8Array): Uint8Array | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: Uint8Array[] = [view.subarray(0, 2)]
  let at = 2
  for (;;) {
    // Any number of fill bytes may precede a marker.
    while (view[at] === 0xff && view[at + 1] === 0xff) at += 1
    const kind = view[at + 1]
    if (view[at] !== 0xff || kind === undefined) return undefined
    if (kind === marker.eoi) return Buffer.concat([...parts, view.subarray(at, at + 2)])
    const isSegment = kind >= marker.sof0 && !(kind >= marker.rst0 && kind < marker.eoi)
    const end = isSegment && at + 4 <= view.length ? at + 2 + view.readUInt16BE(at + 2) : Infinity
    if (end > view.length || end < at + 4) return undefined
    const kept = keep(kind, view.subarray(at, end))
    if (kept === 'unknown') return undefined
    if (kept) parts.push(kept)
    at = end
    if (kind !== marker.sos) continue
    const stop = endOfScan(view, at)
    if (stop === undefined) return undefined
    parts.push(view.subarray(at, stop))
    at = stop
  }
}

/** The segment, or what is left of it; undefined drops it. */
function keep(kind: number, segment: Buffer): Uint8Array | 'unknown' | undefined {
  // Tables, frames and scans.
  if (kind <= marker.exp) return segment
  const content = segment.subarray(4)
  const begins = (name: string) => content.subarray(0, name.length).equals(Buffer.from(name, 'latin1'))
  if (kind === marker.app0 && begins('JFIF\0') && content.length >= jfifBytes) return withoutThumbnail(segment)
  // Without them the colours would be others.
  if ((kind === marker.app2 && begins(iccName)) || (kind === marker.app14 && begins('Adobe'))) return segment
  return kind <= marker.app15 || kind === marker.com ? undefined : 'unknown'
}

function withoutThumbnail(segment: Buffer): Buffer {
  const kept = Buffer.from(segment.subarray(0, 4 + jfifBytes))
  kept.writeUInt16BE(2 + jfifBytes, 2)
  // Its width and height.
  kept.fill(0, 2 + jfifBytes)
  return kept
}

/** Where the next marker after compressed data begins. */
function endOfScan(view: Buffer, from: number): number | undefined {
  for (let at = view.indexOf(0xff, from); at >= 0; at = view.indexOf(0xff, at + 1)) {
    const next = view[at + 1]
    // A 0xff of the data itself is followed by a zero.
    const isData = next === 0 || next === 0xff || (next !== undefined && next >= marker.rst0 && next <= marker.rst7)
    if (!isData) return next === undefined ? undefined : at
  }
  return undefined
}
