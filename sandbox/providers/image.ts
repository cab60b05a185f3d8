import sharp from 'sharp'

export type PictureProblemKind =
  'picture-unreachable' | 'picture-too-large' | 'picture-unsupported' | 'picture-unreadable' | 'picture-too-small' | 'picture-aspect'

/** Why the model cannot begin with a picture. */
export class PictureProblem extends Error {
  override readonly name = 'PictureProblem'
  readonly kind: PictureProblemKind

  constructor(kind: PictureProblemKind) {
    super(kind)
    this.kind = kind
  }
}

/** What the model takes, whichever host it runs at. */
const pictureLimits = { bytes: 10 * 1024 * 1024, sidePixels: 300, aspectRatio: 2.5 }

/**
 * Decodes the whole picture, as the model has to.
 * @throws PictureProblem
 */
export async function checkPicture(bytes: Uint8Array): Promise<void> {
  if (bytes.length > pictureLimits.bytes) throw new PictureProblem('picture-too-large')
  const metadata = await sharp(bytes)
    .metadata()
    .catch(() => undefined)
  if (!metadata || !['png', 'jpeg'].includes(metadata.format)) throw new PictureProblem('picture-unsupported')
  await sharp(bytes, { failOn: 'truncated' })
    .stats()
    .catch(() => {
      throw new PictureProblem('picture-unreadable')
    })
  const { width, height } = metadata.autoOrient
  if (Math.min(width, height) < pictureLimits.sidePixels) throw new PictureProblem('picture-too-small')
  if (Math.max(width / height, height / width) > pictureLimits.aspectRatio) throw new PictureProblem('picture-aspect')
}

export interface PictureSource {
  /** The bytes of a picture that this host keeps itself, which it needs no key to read. */
  own: (url: URL) => Uint8Array | undefined
}

/** As long as fal says that it waits for a picture. */
const downloadTimeoutMs = 20_000

/**
 * Gets the picture that an order names: from the host's own storage, out of a data URI, or from this machine. A stand-in never
 * calls anyone outside: an address elsewhere is unreachable to it.
 * @throws PictureProblem
 */
export async function fetchPicture(address: string, source: PictureSource, signal: AbortSignal): Promise<Uint8Array> {
  const url = URL.parse(address)
  if (!url) throw new PictureProblem('picture-unreachable')
  if (url.protocol === 'data:') return bytesOfDataUri(address)
  const own = source.own(url)
  if (own) return own
  if (!['http:', 'https:'].includes(url.protocol) || !isLoopback(url.hostname)) throw new PictureProblem('picture-unreachable')
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(downloadTimeoutMs)])
    const response = await fetch(url, { redirect: 'error', signal: limit })
    if (!response.ok) throw new PictureProblem('picture-unreachable')
    return new Uint8Array(await response.arrayBuffer())
  } catch {
    signal.throwIfAborted()
    throw new PictureProblem('picture-unreachable')
  }
}

/** How many bytes a data URI carries; undefined for any other address or where it is not base64. */
export function dataUriSize(address: string): number | undefined {
  const match = /^data:[^,]*;base64,(.*)$/s.exec(address)
  return match ? Math.floor(((match[1]?.replace(/=+$/, '').length ?? 0) * 3) / 4) : undefined
}

function bytesOfDataUri(address: string): Uint8Array {
  if (dataUriSize(address) === undefined) throw new PictureProblem('picture-unreadable')
  return Buffer.from(address.slice(address.indexOf(',') + 1), 'base64')
}

/** An address on this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
