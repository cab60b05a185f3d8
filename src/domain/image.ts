/** A checked image, identified by its content: the bytes are read from the store by this hash. */
export interface ImageReference {
  /** Lower-case hexadecimal SHA-256 of the bytes. */
  sha256: string
  mediaType: 'image/png' | 'image/jpeg'
  width: number
  height: number
  sizeBytes: number
}

/** A checked image with its bytes. */
export interface Image extends ImageReference {
  bytes: Uint8Array
}
