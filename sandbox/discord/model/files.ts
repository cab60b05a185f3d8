/** A file from a multipart request body. */
export interface UploadedFile {
  /** The form field: `files[0]`. */
  field: string
  name: string
  contentType: string
  bytes: Buffer
}

const contentTypes: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  jfif: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  mp4: 'video/mp4',
  webm: 'video/webm',
  mov: 'video/quicktime',
  mp3: 'audio/mpeg',
  ogg: 'audio/ogg',
  wav: 'audio/wav',
  txt: 'text/plain; charset=utf-8',
}

function extensionOf(filename: string): string {
  return /\.([^.]+)$/.exec(filename)?.[1]?.toLowerCase() ?? ''
}

/** Discord goes by the name, not by the bytes: a text file called `boat.png` is an `image/png`. */
export function contentTypeOf(filename: string): string {
  return contentTypes[extensionOf(filename)] ?? 'application/octet-stream'
}

/** Whether the file matches one of an option's `file_types` (`image`, `video`, `audio` or `.ext`). */
export function matchesFileTypes(filename: string, fileTypes: readonly string[]): boolean {
  const [extension, group] = [extensionOf(filename), contentTypeOf(filename).split('/')[0]]
  return fileTypes.some((type) => (type.startsWith('.') ? type.slice(1).toLowerCase() === extension : type === group))
}

/** Discord keeps letters, digits, `.`, `-` and `_` of a file name and replaces the rest by `_`. */
export function storedFilename(filename: string): string {
  return filename.replaceAll(/[^\w.-]/g, '_') || 'unknown'
}

/** Reads width and height from a PNG or JPEG header. Discord leaves the fields out for other files. */
export function imageSizeOf(bytes: Uint8Array): { width: number; height: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length >= 24 && view.getUint32(0) === 0x89504e47 && view.getUint32(12) === 0x49484452) {
    return { width: view.getUint32(16), height: view.getUint32(20) }
  }
  return bytes.length >= 4 && view.getUint16(0) === 0xffd8 ? jpegSizeOf(view) : undefined
}

/** Steps from marker to marker until a frame header (SOF0 to SOF15 without DHT, JPG and DAC). */
function jpegSizeOf(view: DataView) {
  let position = 2
  while (position + 9 <= view.byteLength && view.getUint8(position) === 0xff) {
    const marker = view.getUint8(position + 1)
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { height: view.getUint16(position + 5), width: view.getUint16(position + 7) }
    }
    position += 2 + view.getUint16(position + 2)
  }
  return undefined
}
