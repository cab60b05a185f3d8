/** What is needed to show the pixels, and in their colours; transparency (`tRNS`) never comes here. */
const keptChunks = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND', 'cHRM', 'cICP', 'gAMA', 'iCCP', 'pHYs', 'sBIT', 'sRGB'])

const signatureBytes = 8
/** Length, type and checksum of a chunk. */
const chunkOverhead = 12

/** The same PNG without metadata: the pixels are not touched. Undefined if its structure is not understood. */
export function stripPng(bytes: Uint8Array): Uint8Array | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts = [bytes.subarray(0, signatureBytes)]
  for (let at = signatureBytes; at + chunkOverhead <= bytes.length;) {
    const type = view.toString('latin1', at + 4, at + 8)
    const end = at + chunkOverhead + view.readUInt32BE(at)
    if (end > bytes.length) return undefined
    if (keptChunks.has(type)) parts.push(bytes.subarray(at, end))
    // Whatever follows is no part of the image.
    if (type === 'IEND') return Buffer.concat(parts)
    at = end
  }
  return undefined
}
