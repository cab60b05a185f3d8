/** The child process of `runMediaJob`: performs one job and exits. It trusts its parent and reads no other input. */
import { setPriority } from 'node:os'
import type { MediaAnswer, MediaJob } from './media-job.ts'

async function perform(job: MediaJob): Promise<MediaAnswer> {
  if (job.kind === 'encode') {
    const { encodeClip } = await import('./encode-clip.ts')
    await encodeClip(job)
    return { ok: true }
  }
  const { inspect, writeFrame } = await import('./decode-clip.ts')
  if (job.kind === 'inspect') return { ok: true, inspection: await inspect(job.clipFile) }
  await writeFrame(job.clipFile, job.which, job.outputFile)
  return { ok: true }
}

process.once('message', (job) => {
  void perform(job as MediaJob)
    .catch((error: unknown): MediaAnswer => ({ ok: false, reason: error instanceof Error ? error.message : String(error) }))
    .then((answer) => process.send?.(answer))
})
// The parent has exited.
process.once('disconnect', () => process.exit(1))
// Lower than the bot's priority, which must respond while this process uses a whole core.
setPriority(5)
