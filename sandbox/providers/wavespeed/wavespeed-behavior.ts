import { type Behavior, usualBehavior } from '../behavior.ts'

/** What WaveSpeed's own descriptions leave open. */
export interface WavespeedBehavior extends Behavior {
  /** HTTP status where the balance does not suffice. */
  noCreditStatus: 400 | 402 | 403
  /** Whether the address that a result is asked for at ends in `/result`. */
  resultPath: 'with-suffix' | 'plain'
  /** How a clip is told that nobody took offence at. */
  inoffensive: 'none' | 'false' | 'null'
  /** Whether an output is an address, or an object that holds it. */
  outputs: 'addresses' | 'objects'
  /** Whether the webhook secret is a field of `data` or `data` itself. */
  secret: 'field' | 'bare'
}

export function usualWavespeedBehavior(): WavespeedBehavior {
  return {
    ...usualBehavior(),
    // The first tier: what is above it waits.
    concurrency: 3,
    noCreditStatus: 402,
    resultPath: 'with-suffix',
    inoffensive: 'false',
    outputs: 'addresses',
    secret: 'field',
    webhookRetrySeconds: [5, 10, 20],
  }
}
