/** Runs only in the child process. */
import { readFile } from 'node:fs/promises'
import { Encoder, FilterComplexAPI, Muxer } from 'node-av/api'
import {
  type AVPixelFormat,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_LOG_FATAL,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_RGBA,
  FF_ENCODER_LIBVPX_VP9,
  FF_ENCODER_LIBX264,
} from 'node-av/constants'
import { FFmpegError, Frame, Log } from 'node-av/lib'
import type { MediaJob } from './media-job.ts'

type EncodeJob = Extract<MediaJob, { kind: 'encode' }>

/** As the providers deliver. */
const framesPerSecond = 24
/** Fixed, because the number of threads changes the encoded bytes. */
const encoderThreads = 2
const timeBase = { num: 1, den: framesPerSecond }

const encodings = {
  mp4: { encoder: FF_ENCODER_LIBX264, options: { preset: 'veryfast', crf: 20 }, container: { movflags: '+faststart' } },
  mov: { encoder: FF_ENCODER_LIBX264, options: { preset: 'veryfast', crf: 20 }, container: { movflags: '+faststart' } },
  webm: { encoder: FF_ENCODER_LIBVPX_VP9, options: { deadline: 'realtime', 'cpu-used': 8, crf: 20 }, container: {} },
} as const

/** Encodes a slow zoom into the image with the caption over it: as an MP4, H.264 with a fast start. */
export async function encodeClip(job: EncodeJob): Promise<void> {
  Log.setLevel(AV_LOG_FATAL)
  const { width, height } = job
  const encoding = encodings[job.format]
  using image = await rawFrame(job.imageFile, { width: 2 * width, height: 2 * height, format: AV_PIX_FMT_RGB24 })
  using caption = await rawFrame(job.captionFile, { width, height, format: AV_PIX_FMT_RGBA })
  using lastImage = job.lastImageFile ? await rawFrame(job.lastImageFile, { width, height, format: AV_PIX_FMT_RGB24 }) : null
  const inputs = { image, caption, ...(lastImage ? { end: lastImage } : {}) }
  using graph = FilterComplexAPI.create(filterGraph(job), {
    inputs: Object.keys(inputs).map((label) => ({ label })),
    outputs: [{ label: 'out' }],
    framerate: { num: framesPerSecond, den: 1 },
  })
  using encoder = await Encoder.create(encoding.encoder, {
    filter: graph,
    context: { threadCount: encoderThreads, gopSize: framesPerSecond },
    configure: (context) => {
      context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER)
    },
    options: { ...encoding.options },
  })
  await using file = await Muxer.open(job.outputFile, { format: job.format, options: { ...encoding.container } })
  const stream = file.addStream(encoder)
  for (const [label, frame] of Object.entries(inputs)) await graph.process(label, frame)
  // The filters generate all frames from the images once they know that no more input follows.
  const noMore = Object.fromEntries(Object.keys(inputs).map((label) => [label, null]))
  for await (using packet of encoder.packets(graph.frames('out', noMore))) await file.writePacket(packet, stream)
}

/** The caption is hidden at both ends, so that the first frame is the given image and the last one can start the next clip. */
function filterGraph({ width, height, durationSeconds, focus, lastImageFile }: EncodeJob): string {
  const frames = framesPerSecond * durationSeconds
  const still = `loop=loop=${frames - 1}:size=1:start=0,setpts=N,format=rgba`
  const endsOnImage = lastImageFile
    ? [
        `[end]${still},fade=t=in:st=${durationSeconds - 2}:d=1.7:alpha=1[ending]`,
        `[moving][ending]overlay=0:0:format=gbrp:shortest=1[scene]`,
      ]
    : ['[moving]null[scene]']
  return [
    `[image]zoompan=z='1+0.2*on/${frames - 1}':d=${frames}:x='(iw-iw/zoom)*${focus.x}':y='(ih-ih/zoom)*${focus.y}':s=${width}x${height}:fps=${framesPerSecond}[moving]`,
    ...endsOnImage,
    `[caption]${still},fade=t=in:st=1:d=0.5:alpha=1,fade=t=out:st=${durationSeconds - 1}:d=0.6:alpha=1[words]`,
    `[scene][words]overlay=0:0:format=gbrp:shortest=1,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,` +
      `setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv,setsar=1[out]`,
  ].join(';')
}

/** A frame that owns its pixels. One from `fromVideoBuffer` only points into the buffer, which may be collected before the filters read it. */
async function rawFrame(file: string, { width, height, format }: { width: number; height: number; format: AVPixelFormat }): Promise<Frame> {
  const pixels = await readFile(file)
  using borrowed = Frame.fromVideoBuffer(pixels, { width, height, format, timeBase, pts: 0n })
  const frame = new Frame()
  frame.alloc()
  frame.width = width
  frame.height = height
  frame.format = format
  FFmpegError.throwIfError(frame.getBuffer(), 'out of memory for an image')
  FFmpegError.throwIfError(frame.copy(borrowed), 'the image could not be copied')
  FFmpegError.throwIfError(frame.copyProps(borrowed), 'the properties of the image could not be copied')
  // This use after the copy keeps the buffer from being collected before it.
  if (pixels.length === 0) throw new Error('the image is empty')
  return frame
}
