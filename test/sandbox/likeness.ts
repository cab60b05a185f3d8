import sharp from 'sharp'
import { ssim } from 'ssim.js'

/** Structural similarity (SSIM, 1 is equal) of a frame and an image that is cropped and scaled to the frame's size. */
export async function likenessOf(frame: Uint8Array, image: Uint8Array): Promise<number> {
  const { width, height } = await sharp(frame).metadata()
  const [one, other] = await Promise.all([pixelsOf(frame, width, height), pixelsOf(image, width, height)])
  return ssim(one, other).mssim
}

async function pixelsOf(image: Uint8Array, width: number, height: number) {
  const pixels = await sharp(image).resize(width, height, { fit: 'cover' }).ensureAlpha().raw().toBuffer()
  return { data: new Uint8ClampedArray(pixels), width, height }
}
