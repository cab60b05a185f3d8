/** The other end of `runMediaJob`: one job, one answer, the end. Whoever forks it is trusted; it reads no other input. */
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
// The parent went away: nobody wants the answer any more.
process.once('disconnect', () => process.exit(1))
// A little behind the bot, which must answer while this process fills a core.
setPriority(5)
