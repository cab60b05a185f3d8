import { type Chance, pick } from './chance.ts'

/** One request of the stream, and what is to go wrong with it. */
export interface PlannedRequest {
  /** Unique; the provider's orders and the posted clip carry it, so that both can be traced to the request. */
  mark: string
  prompt: string
  duration: 5 | 10
  /** The one provider that shall make it; left out, the bot chooses, and goes on to others where one refuses. */
  provider: (typeof providers)[number] | undefined
  /** May the providers end it without a clip? */
  terminal: boolean
  /** What the member does as soon as the provider is at work. */
  deed: 'cancels' | 'deletes the reply' | undefined
}

export const providers = ['fal', 'replicate', 'wavespeed', 'runware', 'eachlabs'] as const
/** Met by one provider alone, these lead to another provider or to waiting; met by all of them, to the end. */
const refusals = ['busy', 'refused'] as const
/** The provider has taken the job, and it comes to nothing. */
const failures = ['moderated', 'failed', 'output-gone'] as const
/** Nobody can know at first whether the provider has taken the job. */
const losses = ['lost-answer', 'down'] as const
/** How often a member chooses the provider: left to the bot, nearly everything would be made by the one it likes best. */
const chosenShare = 0.8
const webhooks = ['webhook-lost', 'webhook-twice', 'webhook-first', 'webhook-forged'] as const

/** Plans the request with this number. About half of them meet nothing but the weather and the kills. */
export function planRequest(index: number, chance: Chance): PlannedRequest {
  const mark = `clip-${index}.`
  const { words, terminal, mayChoose } = planFault(chance)
  const deed = planDeed(terminal, chance)
  return {
    mark,
    prompt: [mark, 'a paper boat', words].filter(Boolean).join(' '),
    duration: chance() < 0.8 ? 5 : 10,
    provider: mayChoose && chance() < chosenShare ? pick(providers, chance) : undefined,
    terminal: terminal || deed === 'cancels',
    deed,
  }
}

interface PlannedFault {
  words: string
  terminal: boolean
  /** One provider alone refuses, so that others have to be left to go on to. */
  mayChoose: boolean
}

function planFault(chance: Chance): PlannedFault {
  const kind = chance()
  const only = `@${pick(providers, chance)}`
  if (kind < 0.5) return { words: '', terminal: false, mayChoose: true }
  if (kind < 0.62) return { words: `sandbox:${pick(refusals, chance)}${only}`, terminal: false, mayChoose: false }
  if (kind < 0.66) return { words: `sandbox:${pick(refusals, chance)}`, terminal: true, mayChoose: true }
  if (kind < 0.76) return { words: `sandbox:${pick(failures, chance)}`, terminal: true, mayChoose: true }
  if (kind < 0.86) return { words: `sandbox:${pick(losses, chance)}`, terminal: false, mayChoose: true }
  return { words: `sandbox:${pick(webhooks, chance)}`, terminal: false, mayChoose: true }
}

function planDeed(terminal: boolean, chance: Chance): PlannedRequest['deed'] {
  const kind = chance()
  if (kind < 0.05) return 'cancels'
  return kind < 0.1 && !terminal ? 'deletes the reply' : undefined
}
