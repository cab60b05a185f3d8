import { createHash } from 'node:crypto'

import type { ClipRequest } from '../../src/domain/clip-request.ts'
import type { Image } from '../../src/domain/image.ts'

export const request: ClipRequest = { prompt: 'a heron that nobody else has thought of', durationSeconds: 5 }
export const imageBytes = Buffer.from('\x89PNG\r\n\x1a\nsecret pixels of a member', 'latin1')
const sha256 = createHash('sha256').update(imageBytes).digest('hex')
export const image: Image = { bytes: imageBytes, sha256, mediaType: 'image/png', width: 640, height: 360, sizeBytes: imageBytes.byteLength }
