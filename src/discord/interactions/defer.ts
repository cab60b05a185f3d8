import { RESTJSONErrorCodes } from 'discord.js'

import type { Clock } from '../../lib/clock.ts'

import { hasCode, isTransient } from '../rest/errors.ts'

/** Pauses before each further try, in milliseconds. After the three seconds a try can only learn that an earlier one had arrived. */
const pausesMs = [200, 800, 2500]

/**
 * Says to Discord that the interaction is being seen to. A try that broke off may have arrived all the same; then the next one is told that
 * it is acknowledged already, which is just what was wanted. Throws what Discord answers otherwise: 10062 where it was too late, 40060 at the
 * very first try where somebody else was quicker.
 */
export async function acknowledge(attempt: () => Promise<unknown>, clock: Clock): Promise<void> {
  let lost = false
  for (const pause of [...pausesMs, undefined]) {
    try {
      await attempt()
      return
    } catch (error) {
      if (lost && hasCode(error, RESTJSONErrorCodes.InteractionHasAlreadyBeenAcknowledged)) return
      if (pause === undefined || !isTransient(error)) throw error
      lost = true
      await clock.sleep(pause)
    }
  }
}
