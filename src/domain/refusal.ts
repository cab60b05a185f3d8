/** Every reason for which a request can be turned down; stable, so that tests and translations can name it. */
export type RefusalIdentifier =
  | 'guild-not-allowed'
  | 'bot-not-in-guild'
  | 'missing-permissions'
  | 'prompt-empty'
  | 'prompt-too-long'
  | 'negative-prompt-too-long'
  | 'image-missing'
  | 'image-unsupported'
  | 'image-too-large'
  | 'image-too-small'
  | 'image-aspect'
  | 'image-corrupt'
  | 'image-unreachable'
  | 'budget-exhausted'
  | 'no-provider-can'
  | 'provider-unknown'
  | 'rate-limited'
  | 'not-your-generation'
  | 'generation-unknown'
  | 'generation-over'
  | 'store-unavailable'

/**
 * A "no" that is meant for a person: not an error, never logged as one. The sentence is made where the language is known
 * (discord/refusals.ts) from the identifier and its context.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly identifier: RefusalIdentifier
  readonly context: Readonly<Record<string, string | number | readonly string[]>>

  constructor(identifier: RefusalIdentifier, context: Readonly<Record<string, string | number | readonly string[]>> = {}) {
    super(identifier)
    this.identifier = identifier
    this.context = context
  }
}
