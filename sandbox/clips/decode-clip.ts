/** Runs only in the child process. */
import { open as openFile, writeFile } from 'node:fs/promises'
import { Decoder, Demuxer, Encoder, FilterAPI } from 'node-av/api'
import { AV_LOG_FATAL, AVCOL_SPC_UNSPECIFIED, FF_ENCODER_PNG } from 'node-av/constants'
import { avGetCodecName, avGetPixFmtName, type Frame, Log, type Stream } from 'node-av/lib'
import type { Inspection } from './media-job.ts'

/** Decodes the whole file, so that a truncated clip does not count as complete. */
export async function inspect(clipFile: string): Promise<Inspection> {
  await using clip = await open(clipFile)
  const { codecpar } = clip.video
  let frames = 0
  for await (const frame of clip.frames()) {
    frames += 1
    frame.free()
  }
  return {
    durationSeconds: clip.demuxer.duration,
    codec: avGetCodecName(codecpar.codecId) ?? 'unknown',
    pixelFormat: avGetPixFmtName(codecpar.format as Parameters<typeof avGetPixFmtName>[0]) ?? 'unknown',
    width: codecpar.width,
    height: codecpar.height,
    frames,
  }
}

export async function writeFrame(clipFile: string, which: 'first' | 'last', outputFile: string): Promise<void> {
  await using clip = await open(clipFile)
  let chosen: Frame | undefined
  for await (const frame of clip.frames()) {
    if (which === 'last' || !chosen) {
      chosen?.free()
      chosen = frame
    } else frame.free()
  }
  if (!chosen) throw new Error('the clip has no frame')
  using frame = chosen
  using toRgb = FilterAPI.create(rgbFilter(clip.video))
  for await (using image of toRgb.frames(once(frame))) {
    if (!image) continue
    await writeFile(outputFile, await Encoder.encodeOne(FF_ENCODER_PNG, image))
    return
  }
  throw new Error('the frame could not be converted')
}

/** Does the file begin as Matroska does, which WebM is a form of? */
async function isWebm(clipFile: string): Promise<boolean> {
  await using file = await openFile(clipFile)
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
  return buffer.readUInt32BE() === 0x1a45dfa3
}

async function open(clipFile: string) {
  Log.setLevel(AV_LOG_FATAL)
  // With a fixed format and protocol a crafted file cannot make the library open other addresses.
  const format = (await isWebm(clipFile)) ? 'matroska' : 'mov'
  const demuxer = await Demuxer.open(clipFile, { format, options: { protocol_whitelist: 'file' } })
  const video = demuxer.video()
  if (!video) {
    await demuxer.close()
    throw new Error('the file has no video track')
  }
  const decoder = await Decoder.create(video)
  return {
    demuxer,
    video,
    async *frames() {
      for await (const frame of decoder.frames(demuxer.packets(video.index))) if (frame) yield frame
    },
    async [Symbol.asyncDispose]() {
      decoder.close()
      await demuxer.close()
    },
  }
}

/** Players read HD video without colour metadata as BT.709; the scaler would assume BT.601. */
function rgbFilter({ codecpar }: Stream): string {
  const matrix = codecpar.colorSpace === AVCOL_SPC_UNSPECIFIED && codecpar.height >= 600 ? 'in_color_matrix=bt709:' : ''
  return `scale=${matrix}flags=bicubic+accurate_rnd+full_chroma_int,format=rgb24`
}

// eslint-disable-next-line @typescript-eslint/require-await -- the library requires an async iterable
async function* once(frame: Frame): AsyncGenerator<Frame | null> {
  yield frame
  yield null
}
