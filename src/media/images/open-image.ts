import sharp, { type Sharp } from 'sharp'

import { imageLimits } from './image-limits.ts'

// libvips reads dozens of formats, some through libraries with a history of vulnerabilities. Only these two are open to members' bytes.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer'] })

/** A JPEG or PNG image whose bytes are not trusted. Nothing is decoded yet. */
export function openImage(bytes: Uint8Array): Sharp {
  return sharp(bytes, { limitInputPixels: imageLimits.maxTotalPixels, failOn: 'error', sequentialRead: true })
}
