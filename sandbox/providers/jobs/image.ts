import sharp from 'sharp'

/** Why the model cannot use an image. */
export type ImageProblem =
  'image-unreachable' | 'image-too-large' | 'image-unsupported' | 'image-unreadable' | 'image-too-small' | 'image-aspect'

/** The model's limits, which are the same at every provider. */
const imageLimits = { bytes: 10 * 1024 * 1024, sidePixels: 300, aspectRatio: 2.5 }

/** Decodes the whole image, as the model does. */
async function problemOf(bytes: Uint8Array): Promise<ImageProblem | undefined> {
  if (bytes.length > imageLimits.bytes) return 'image-too-large'
  const metadata = await sharp(bytes)
    .metadata()
    .catch(() => undefined)
  if (!metadata || !['png', 'jpeg'].includes(metadata.format)) return 'image-unsupported'
  const statistics = await sharp(bytes, { failOn: 'truncated' })
    .stats()
    .catch(() => undefined)
  if (!statistics) return 'image-unreadable'
  const { width, height } = metadata.autoOrient
  if (Math.min(width, height) < imageLimits.sidePixels) return 'image-too-small'
  return Math.max(width / height, height / width) > imageLimits.aspectRatio ? 'image-aspect' : undefined
}

/** The bytes of an image that the provider can read without a request. */
export type ImageSource = (url: URL) => Uint8Array | undefined

/** fal's documented timeout. */
const downloadTimeoutMs = 20_000

/**
 * Reads the image that an order names: from the provider's own storage, a data URI, or this machine. A stand-in never sends requests
 * elsewhere: any other address is unreachable.
 * @throws the signal's reason when it is aborted
 */
export async function fetchImage(address: string, own: ImageSource, signal: AbortSignal): Promise<Uint8Array | ImageProblem> {
  const url = URL.parse(address)
  if (!url) return 'image-unreachable'
  if (url.protocol === 'data:') {
    return dataUriSize(address) === undefined ? 'image-unreadable' : Buffer.from(address.slice(address.indexOf(',') + 1), 'base64')
  }
  const bytes = own(url)
  if (bytes) return bytes
  if (!['http:', 'https:'].includes(url.protocol) || !isLoopback(url.hostname)) return 'image-unreachable'
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(downloadTimeoutMs)])
    const response = await fetch(url, { redirect: 'error', signal: limit })
    return response.ok ? new Uint8Array(await response.arrayBuffer()) : 'image-unreachable'
  } catch {
    signal.throwIfAborted()
    return 'image-unreachable'
  }
}

/**
 * Reads and checks an image.
 * @throws the signal's reason when it is aborted
 */
export async function readImage(address: string, own: ImageSource, signal: AbortSignal): Promise<Uint8Array | ImageProblem> {
  const bytes = await fetchImage(address, own, signal)
  return typeof bytes === 'string' ? bytes : ((await problemOf(bytes)) ?? bytes)
}

/** The number of bytes in a data URI; undefined for any other address, or if it is not base64. */
export function dataUriSize(address: string): number | undefined {
  const match = /^data:[^,]*;base64,(.*)$/s.exec(address)
  return match ? Math.floor(((match[1]?.replace(/=+$/, '').length ?? 0) * 3) / 4) : undefined
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
