import { RESTJSONErrorCodes } from 'discord.js'

import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'

import { describeError, hasCode } from '../rest/errors.ts'
import { retryDiscord } from '../rest/retry-discord.ts'

import type { Answerable } from './answerable.ts'

/** Milliseconds before each retry. After three seconds a retry can only learn that an earlier try had arrived. */
const delays = [200, 800, 2500]

/** Acknowledges an interaction within Discord's three seconds. False if that failed: then nothing may be begun for it. */
export async function acknowledge(
  interaction: Answerable,
  defer: () => Promise<unknown>,
  { clock, log }: { clock: Clock; log: Log },
): Promise<boolean> {
  try {
    await respondFirst(defer, clock)
    // The library sets it only if the response arrives.
    interaction.deferred = true
    return true
  } catch (error) {
    const fields = { interaction: interaction.id, ageMs: clock.now() - interaction.createdTimestamp, failure: describeError(error) }
    if (hasCode(error, RESTJSONErrorCodes.UnknownInteraction)) {
      log.warn(fields, 'acknowledged too late: Discord allows three seconds (is the process busy or just started?)')
    } else if (hasCode(error, RESTJSONErrorCodes.InteractionHasAlreadyBeenAcknowledged)) {
      log.warn(fields, 'already acknowledged: another process uses the same bot token, or Discord sent the interaction twice')
    } else {
      log.error(fields, 'acknowledgement failed; interaction dropped')
    }
    return false
  }
}

/** Sends the first response to an interaction, and again while it may not have arrived. */
export async function respondFirst(send: () => Promise<unknown>, clock: Clock): Promise<void> {
  await retryDiscord((attempt) => sendOnce(send, attempt), { clock, delays })
}

/** A failed try may have arrived all the same: then its retry is rejected as already acknowledged, which counts as success. */
async function sendOnce(send: () => Promise<unknown>, attempt: number): Promise<void> {
  try {
    await send()
  } catch (error) {
    if (attempt === 1 || !hasCode(error, RESTJSONErrorCodes.InteractionHasAlreadyBeenAcknowledged)) throw error
  }
}
