const contentTypes: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  jfif: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  heic: 'image/heic',
  mp4: 'video/mp4',
  webm: 'video/webm',
  mov: 'video/quicktime',
  mp3: 'audio/mpeg',
  ogg: 'audio/ogg',
  wav: 'audio/wav',
  txt: 'text/plain; charset=utf-8',
}

const groups: Record<string, readonly string[]> = {
  image: ['png', 'gif', 'jpg', 'jpeg', 'jfif', 'webp', 'avif'],
  video: ['mp4', 'webm', 'mov'],
  audio: ['mp3', 'ogg', 'wav'],
}

function extensionOf(filename: string): string {
  return /\.([^.]+)$/.exec(filename)?.[1]?.toLowerCase() ?? ''
}

/** Discord goes by the name, not by the bytes: a text file called `boat.png` is an `image/png`. */
export function contentTypeOf(filename: string): string {
  return contentTypes[extensionOf(filename)] ?? 'application/octet-stream'
}

/** Does the file's extension match one of an option's `file_types` (`image`, `video`, `audio` or `.ext`)? */
export function matchesFileTypes(filename: string, fileTypes: readonly string[]): boolean {
  const extension = extensionOf(filename)
  return fileTypes.some((type) =>
    type.startsWith('.') ? type.slice(1).toLowerCase() === extension : (groups[type]?.includes(extension) ?? false),
  )
}

/** Discord keeps letters, digits, `.`, `-` and `_` of a file's name and writes `_` for the rest. */
export function storedFilename(filename: string): string {
  return filename.replaceAll(/[^\w.-]/g, '_') || 'unknown'
}
