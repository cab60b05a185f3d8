import type { Image } from '../../domain/image.ts'
import type { ProviderHttp } from './http.ts'
import { isSuccess } from './response.ts'

/** A file name that says nothing about the member. */
export function imageFilename({ sha256, mediaType }: Image): string {
  return `${sha256}.${mediaType === 'image/png' ? 'png' : 'jpg'}`
}

interface UploadTarget {
  /** Signed by the provider, and possibly on somebody else's server: the key is not sent there. */
  url: string
  headers: Readonly<Record<string, string>>
  signal: AbortSignal
}

/** Uploads the image to a URL that the provider signed. */
export async function putImage(http: ProviderHttp, { bytes }: Image, target: UploadTarget): Promise<void> {
  await http.send({
    method: 'PUT',
    step: 'prepare',
    credentials: 'none',
    body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    read: (response) => isSuccess(response) || undefined,
    ...target,
  })
}
