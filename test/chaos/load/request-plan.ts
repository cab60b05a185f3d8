import { type Random, pick } from '../shared/random.ts'

/** One request of the stream, and what is to go wrong with it. */
export interface PlannedRequest {
  /** Unique. The prompt contains it, so that jobs and posted clips can be traced to the request. */
  mark: string
  prompt: string
  duration: 5 | 10
  /** The provider that the member chose. Otherwise the bot chooses, and tries others if one refuses. */
  provider: (typeof providers)[number] | undefined
  /** May it end without a clip? */
  terminal: boolean
  /** What the member does once the provider has started. */
  memberAction: 'cancel' | 'delete-reply' | undefined
}

export const providers = ['fal', 'replicate', 'wavespeed', 'runware', 'eachlabs'] as const
/** At one provider, these lead to another provider or to waiting; at all of them, to a failure. */
const refusals = ['busy', 'refused'] as const
/** The provider accepts the job, and it fails. */
const failures = ['moderated', 'failed', 'output-gone'] as const
/** It is unknown at first whether the provider has accepted the job. */
const losses = ['lost-answer', 'down'] as const
/** How often a member chooses the provider: the bot alone would send almost every request to the one that it prefers. */
const chosenShare = 0.8
const webhooks = ['webhook-lost', 'webhook-twice', 'webhook-first', 'webhook-forged'] as const

/** Plans the request with this number. About half of them meet nothing but Discord's faults and the kills. */
export function planRequest(index: number, random: Random): PlannedRequest {
  const mark = `clip-${index}.`
  const { words, terminal, mayChoose } = planFault(random)
  const memberAction = planMemberAction(terminal, random)
  return {
    mark,
    prompt: [mark, 'a paper boat', words].filter(Boolean).join(' '),
    duration: random() < 0.8 ? 5 : 10,
    provider: mayChoose && random() < chosenShare ? pick(providers, random) : undefined,
    terminal: terminal || memberAction === 'cancel',
    memberAction,
  }
}

interface PlannedFault {
  words: string
  terminal: boolean
  /** May the member choose the provider? Not if only one refuses and others must stay available. */
  mayChoose: boolean
}

function planFault(random: Random): PlannedFault {
  const kind = random()
  const only = `@${pick(providers, random)}`
  if (kind < 0.5) return { words: '', terminal: false, mayChoose: true }
  if (kind < 0.62) return { words: `sandbox:${pick(refusals, random)}${only}`, terminal: false, mayChoose: false }
  if (kind < 0.66) return { words: `sandbox:${pick(refusals, random)}`, terminal: true, mayChoose: true }
  if (kind < 0.76) return { words: `sandbox:${pick(failures, random)}`, terminal: true, mayChoose: true }
  if (kind < 0.86) return { words: `sandbox:${pick(losses, random)}`, terminal: false, mayChoose: true }
  return { words: `sandbox:${pick(webhooks, random)}`, terminal: false, mayChoose: true }
}

function planMemberAction(terminal: boolean, random: Random): PlannedRequest['memberAction'] {
  const kind = random()
  if (kind < 0.05) return 'cancel'
  return kind < 0.1 && !terminal ? 'delete-reply' : undefined
}
