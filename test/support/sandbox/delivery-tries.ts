import { until } from './clip-steps.ts'
import type { TestSandbox } from './sandbox.ts'
import type { SkippableClock } from '../clocks/skippable-clock.ts'

export interface DeliveryTries {
  clock: SkippableClock
  sandbox: TestSandbox
}

/** Resolves once the bot has tried this many times more to deliver the clip, and waits for the next try. */
export async function failedTries({ sandbox }: Pick<DeliveryTries, 'sandbox'>, more: number, since = countTries(sandbox)): Promise<void> {
  await until(() => countTries(sandbox) >= since + more)
}

/** Lets time pass in which the bot tries again. */
export async function passTime({ clock, sandbox }: DeliveryTries, milliseconds: number): Promise<void> {
  const before = countTries(sandbox)
  clock.skip(milliseconds)
  await failedTries({ sandbox }, 1, before)
}

export function countTries({ logLines }: TestSandbox): number {
  return logLines.filter((line) => line.includes('delivery failed; trying again')).length
}
