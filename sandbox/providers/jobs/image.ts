import sharp from 'sharp'

export type ImageProblemKind =
  'image-unreachable' | 'image-too-large' | 'image-unsupported' | 'image-unreadable' | 'image-too-small' | 'image-aspect'

/** Why the model cannot use an image. */
export class ImageProblem extends Error {
  override readonly name = 'ImageProblem'
  readonly kind: ImageProblemKind

  constructor(kind: ImageProblemKind) {
    super(kind)
    this.kind = kind
  }
}

/** The model's limits, which are the same at every provider. */
const imageLimits = { bytes: 10 * 1024 * 1024, sidePixels: 300, aspectRatio: 2.5 }

/**
 * Decodes the whole image, as the model does.
 * @throws ImageProblem
 */
export async function checkImage(bytes: Uint8Array): Promise<void> {
  if (bytes.length > imageLimits.bytes) throw new ImageProblem('image-too-large')
  const metadata = await sharp(bytes)
    .metadata()
    .catch(() => undefined)
  if (!metadata || !['png', 'jpeg'].includes(metadata.format)) throw new ImageProblem('image-unsupported')
  await sharp(bytes, { failOn: 'truncated' })
    .stats()
    .catch(() => {
      throw new ImageProblem('image-unreadable')
    })
  const { width, height } = metadata.autoOrient
  if (Math.min(width, height) < imageLimits.sidePixels) throw new ImageProblem('image-too-small')
  if (Math.max(width / height, height / width) > imageLimits.aspectRatio) throw new ImageProblem('image-aspect')
}

/** The bytes of an image that the provider can read without a request. */
export type ImageSource = (url: URL) => Uint8Array | undefined

/** fal's documented timeout. */
const downloadTimeoutMs = 20_000

/**
 * Reads the image that an order names: from the provider's own storage, a data URI, or this machine. A stand-in never sends requests
 * elsewhere: any other address is unreachable.
 * @throws ImageProblem
 */
export async function fetchImage(address: string, source: ImageSource, signal: AbortSignal): Promise<Uint8Array> {
  const url = URL.parse(address)
  if (!url) throw new ImageProblem('image-unreachable')
  if (url.protocol === 'data:') return bytesOfDataUri(address)
  const own = source(url)
  if (own) return own
  if (!['http:', 'https:'].includes(url.protocol) || !isLoopback(url.hostname)) throw new ImageProblem('image-unreachable')
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(downloadTimeoutMs)])
    const response = await fetch(url, { redirect: 'error', signal: limit })
    if (!response.ok) throw new ImageProblem('image-unreachable')
    return new Uint8Array(await response.arrayBuffer())
  } catch {
    signal.throwIfAborted()
    throw new ImageProblem('image-unreachable')
  }
}

/** The number of bytes in a data URI; undefined for any other address, or if it is not base64. */
export function dataUriSize(address: string): number | undefined {
  const match = /^data:[^,]*;base64,(.*)$/s.exec(address)
  return match ? Math.floor(((match[1]?.replace(/=+$/, '').length ?? 0) * 3) / 4) : undefined
}

function bytesOfDataUri(address: string): Uint8Array {
  if (dataUriSize(address) === undefined) throw new ImageProblem('image-unreadable')
  return Buffer.from(address.slice(address.indexOf(',') + 1), 'base64')
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
