import sharp from 'sharp'
import { ssim } from 'ssim.js'

/** Structural similarity (SSIM, 1 is equal) of a frame and a picture that is cut and scaled to the frame's size. */
export async function likenessOf(frame: Uint8Array, picture: Uint8Array): Promise<number> {
  const { width, height } = await sharp(frame).metadata()
  const [one, other] = await Promise.all([pixelsOf(frame, width, height), pixelsOf(picture, width, height)])
  return ssim(one, other).mssim
}

async function pixelsOf(picture: Uint8Array, width: number, height: number) {
  const pixels = await sharp(picture).resize(width, height, { fit: 'cover' }).ensureAlpha().raw().toBuffer()
  return { data: new Uint8ClampedArray(pixels), width, height }
}
