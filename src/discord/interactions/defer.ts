import { RESTJSONErrorCodes } from 'discord.js'

import type { Clock } from '../../lib/clock.ts'
import { retry } from '../../lib/retry.ts'

import { hasCode, isTransient } from '../rest/errors.ts'

/** Milliseconds before each retry. After three seconds a retry can only learn that an earlier try had arrived. */
const delays = [200, 800, 2500]

/**
 * Acknowledges an interaction. A try that failed may have arrived all the same: then the next one is rejected as already acknowledged, which counts
 * as success. Rejects with Discord's other errors: 10062 if it was too late, 40060 at the first try if another process was faster.
 */
export async function acknowledge(send: () => Promise<unknown>, clock: Clock): Promise<void> {
  await retry(
    (attempt) =>
      send().catch((error: unknown) => {
        if (attempt === 1 || !hasCode(error, RESTJSONErrorCodes.InteractionHasAlreadyBeenAcknowledged)) throw error
      }),
    { clock, delays, shouldRetry: isTransient },
  )
}
