import type { Clock } from '../../lib/clock.ts'
import type { Generation } from '../../generations/model/generation.ts'
import type { PostedMessage } from '../../generations/model/delivery-port.ts'
import type { Log } from '../../lib/log.ts'

import { clipFilename } from '../cards/clip-card.ts'
import { deliveryError } from './delivery-error.ts'
import { describeError, isBotTokenVoid, isTransient } from '../rest/errors.ts'
import type { Messages, StandingMessage } from '../rest/messages.ts'
import { shows } from '../rest/messages.ts'
import { repeatOnFault } from '../rest/retry.ts'

interface Look {
  read: () => Promise<StandingMessage>
  /** Did Discord fail to say what stands there? Everything else it answers means that no clip can be seen. */
  saysNothing: (error: unknown) => boolean
}

/**
 * The message in which an earlier process left this clip, if it stands there. Asked before a clip is fetched and posted a second time: the
 * provider may no longer have it. Throws a `DeliveryError` for the time being where Discord does not say; then whoever went on as if it were not
 * there could refund a clip that everyone sees.
 */
export async function findStandingClip(
  generation: Generation,
  { messages, clock, tokenAlive, log }: { messages: Messages; clock: Clock; tokenAlive: boolean; log: Log },
): Promise<PostedMessage | undefined> {
  let fault: unknown
  for (const { read, saysNothing } of looksAt(generation, messages, tokenAlive)) {
    try {
      const message = await repeatOnFault(read, { clock, pausesMs: [1000] })
      if (holdsClip(message, generation)) return { channelId: message.channel_id, messageId: message.id }
    } catch (error) {
      log.info({ generation: generation.id, failure: describeError(error) }, 'it could not be seen whether the clip was posted already')
      if (saysNothing(error)) fault = error
    }
  }
  if (fault !== undefined) throw deliveryError('it could not be seen whether the clip was posted already', fault)
  return undefined
}

function looksAt({ reply, channelId, messageId }: Generation, messages: Messages, tokenAlive: boolean): Look[] {
  const byToken = { read: () => messages.readReply(reply), saysNothing: isTransient }
  const known = messageId !== undefined && { channelId, messageId }
  const byBot = known && {
    read: () => messages.readMessage(known),
    saysNothing: (error: unknown) => isTransient(error) || isBotTokenVoid(error),
  }
  return [...(tokenAlive ? [byToken] : []), ...(byBot ? [byBot] : [])]
}

function holdsClip(message: StandingMessage, { reference, outputUrl }: Generation): boolean {
  return shows(message, clipFilename({ reference })) || (outputUrl !== undefined && shows(message, outputUrl))
}
