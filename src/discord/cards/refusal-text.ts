import type { Refusal, RefusalDetails, RefusalIdentifier } from '../../domain/refusal.ts'
import { providerName } from '../../providers/registry.ts'
import type { Text } from '../text/text.ts'

import { formatMoment } from './format.ts'
import { escapeAndCut } from './markdown.ts'

/** The refusal as the member reads it: what is wrong, and what to do next. */
export function describeRefusal<Identifier extends RefusalIdentifier>({ identifier, details }: Refusal<Identifier>, text: Text): string {
  return sentences[identifier](text, ...details)
}

const sentences: { [Identifier in RefusalIdentifier]: (text: Text, ...details: RefusalDetails[Identifier]) => string } = {
  'bot-not-in-guild': (text) => text('refusal.bot-not-in-guild'),
  'budget-exhausted': (text, { wallet, period, price, remaining, resetsAt }) =>
    text(`refusal.budget-exhausted.${wallet}.${period}`, { price, remaining, when: formatMoment(resetsAt) }),
  busy: (text) => text('refusal.busy'),
  'channel-inaccessible': (text) => text('refusal.channel-inaccessible'),
  'generation-over': (text) => text('refusal.generation-over'),
  'generation-unknown': (text) => text('refusal.generation-unknown'),
  'guild-not-allowed': (text) => text('refusal.guild-not-allowed'),
  'image-corrupt': (text, details) => text('refusal.image-corrupt', details),
  'image-missing': (text) => text('refusal.image-missing'),
  'image-over-limit': (text, details) => text('refusal.image-over-limit', details),
  'image-too-large': (text, details) => text('refusal.image-too-large', details),
  'image-too-many-pixels': (text, details) => text('refusal.image-too-many-pixels', details),
  'image-too-narrow': (text, details) => text('refusal.image-too-narrow', details),
  'image-too-small': (text, details) => text('refusal.image-too-small', details),
  'image-unreachable': (text, details) => text('refusal.image-unreachable', details),
  'image-unsupported': (text, details) => text('refusal.image-unsupported', details),
  'missing-permissions': (text, { permissions }) =>
    text('refusal.missing-permissions', { count: permissions.length, permissions: text.and(permissions.map((name) => `**${name}**`)) }),
  'negative-prompt-too-long': (text, details) => text('refusal.negative-prompt-too-long', details),
  'not-your-generation': (text) => text('refusal.not-your-generation'),
  'prompt-empty': (text) => text('refusal.prompt-empty'),
  'prompt-too-long': (text, details) => text('refusal.prompt-too-long', details),
  'provider-unknown': (text, { typed, choices }) => {
    const provider = escapeAndCut(typed, 60, 1)
    return choices.length > 0
      ? text('refusal.provider-unknown', { provider, choices: text.or(choices.map(providerName)) })
      : text('refusal.provider-unknown.no-choice', { provider })
  },
  'rate-limited': (text, { scope, limit, retryAt }) => text(`refusal.rate-limited.${scope}`, { limit, when: formatMoment(retryAt) }),
  'store-unavailable': (text) => text('refusal.store-unavailable'),
  'thread-archived': (text) => text('refusal.thread-archived'),
  'thread-locked': (text) => text('refusal.thread-locked'),
  'thread-not-joined': (text, { bot }) => text('refusal.thread-not-joined', { bot: `<@${bot}>` }),
  unsupported: (text, { features, choices }) => {
    const values = featureValues(text, features)
    return choices.length > 0
      ? text('refusal.unsupported-here', { ...values, choices: text.or(choices.map(providerName)) })
      : text('refusal.unsupported', values)
  },
  'unsupported-by-provider': (text, { provider, features, choices }) => {
    const values = { ...featureValues(text, features), provider: providerName(provider) }
    return choices.length > 0
      ? text('refusal.unsupported-by-provider.choose', { ...values, choices: text.or(choices.map(providerName)) })
      : text('refusal.unsupported-by-provider', values)
  },
}

function featureValues(text: Text, features: RefusalDetails['unsupported'][0]['features']): { features: string; count: number } {
  return { features: text.and(features.map((feature) => text(`feature.${feature}`))), count: features.length }
}
