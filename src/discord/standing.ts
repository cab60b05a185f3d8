import type { Generation } from '../generations/generation.ts'
import type { PostedMessage } from '../generations/ports.ts'
import type { Log } from '../observability/log.ts'

import { clipFilename } from './clip-cards.ts'
import { describeError } from './discord-errors.ts'
import type { Messages, StandingMessage } from './messages.ts'
import { shows } from './messages.ts'

/**
 * The message in which an earlier process left this clip, if it stands there. Asked before a clip is fetched and posted a second time: the
 * host may no longer have it. Never throws; not found means that it is posted by the usual routes, which is harmless to repeat.
 */
export async function findStandingClip(
  generation: Generation,
  { messages, tokenAlive, log }: { messages: Messages; tokenAlive: boolean; log: Log },
): Promise<PostedMessage | undefined> {
  const { reply, channelId, messageId } = generation
  const looks = [
    ...(tokenAlive ? [() => messages.readReply(reply)] : []),
    ...(messageId === undefined ? [] : [() => messages.readMessage({ channelId, messageId })]),
  ]
  for (const look of looks) {
    try {
      const message = await look()
      if (holdsClip(message, generation)) return { channelId: message.channel_id, messageId: message.id }
    } catch (error) {
      log.info({ generation: generation.id, failure: describeError(error) }, 'it could not be seen whether the clip was posted already')
    }
  }
  return undefined
}

function holdsClip(message: StandingMessage, { reference, outputUrl }: Generation): boolean {
  return shows(message, clipFilename({ reference })) || (outputUrl !== undefined && shows(message, outputUrl))
}
