import { type Random, pick } from '../shared/random.ts'
import type { Weather } from '../shared/options.ts'

/** One request of the stream, and what is to go wrong with it. */
export interface PlannedRequest {
  /** Unique. The prompt contains it, so that jobs and posted clips can be traced to the request. */
  mark: string
  /** The number of the member who makes it. */
  member: number
  prompt: string
  duration: 5 | 10
  /** The provider that the member chose. Otherwise the bot chooses, and tries others if one refuses. */
  provider: (typeof providers)[number] | undefined
  /** Options that take an image, and the numbers of the pictures; none for a clip from words. */
  images: { image?: number; last_image?: number }
  /** Does every provider that it may go to refuse it, fail in it or lose the answer? Then it may end without a clip, once that has happened. */
  terminal: boolean
  /** What the member, or a moderator who deletes the card, does once the provider has started. */
  memberAction: 'cancel' | 'delete-reply' | undefined
}

export const providers = ['fal', 'replicate', 'wavespeed', 'runware', 'eachlabs'] as const
/** The others take only a first image. */
const takeLastImages = ['fal', 'wavespeed', 'runware', 'eachlabs'] as const
/** At one provider, these lead to another provider or to waiting; at all of them, to a failure. */
const refusals = ['busy', 'refused'] as const
/** The provider accepts the job, and it fails. */
const failures = ['moderated', 'failed'] as const
/** How often a member chooses the provider: the bot alone would send almost every request to the one that it prefers. */
const chosenShare = 0.8
const imageShare = 0.4
const lastImageShare = 0.3
/** The clip is posted all the same. */
const passing = ['webhook-lost', 'webhook-twice', 'webhook-first', 'webhook-forged', 'output-late'] as const

/** Plans the request with this number. About half of them meet nothing but Discord's faults and the kills. */
export function planRequest(
  index: number,
  random: Random,
  { members, without }: { members: number; without: ReadonlySet<Weather> },
): PlannedRequest {
  const mark = `clip-${index}.`
  const member = Math.floor(random() * members)
  const images = planImages(random)
  const hasImages = !without.has('images') && images.image !== undefined
  const { words, terminal, mayChoose } = planFault(random)
  const memberAction = planMemberAction(terminal, random)
  const provider = pick(hasImages && images.last_image !== undefined ? takeLastImages : providers, random)
  return {
    mark,
    member,
    prompt: [mark, 'a paper boat', words].filter(Boolean).join(' '),
    duration: random() < 0.8 ? 5 : 10,
    provider: random() < chosenShare && mayChoose ? provider : undefined,
    images: hasImages ? images : {},
    terminal,
    memberAction,
  }
}

function planImages(random: Random): PlannedRequest['images'] {
  const [image, last] = [Math.floor(random() * 2), Math.floor(random() * 2)]
  const [isWords, isSingle] = [random() >= imageShare, random() >= lastImageShare]
  if (isWords) return {}
  return isSingle ? { image } : { image, last_image: last }
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
  const everywhere = (words: string): PlannedFault => ({ words: `sandbox:${words}`, terminal: true, mayChoose: true })
  const atOne = (words: string): PlannedFault => ({ words: `sandbox:${words}${only}`, terminal: false, mayChoose: false })
  if (kind < 0.5) return { words: '', terminal: false, mayChoose: true }
  if (kind < 0.62) return atOne(pick(refusals, random))
  if (kind < 0.66) return everywhere(pick(refusals, random))
  if (kind < 0.76) return everywhere(pick(failures, random))
  // Few, because each keeps requests from its provider for half a minute.
  if (kind < 0.775) return { ...everywhere('lost-answer'), terminal: false }
  if (kind < 0.785) return everywhere('down')
  if (kind < 0.795) return atOne('down')
  return { words: `sandbox:${pick(passing, random)}`, terminal: false, mayChoose: true }
}

function planMemberAction(terminal: boolean, random: Random): PlannedRequest['memberAction'] {
  const kind = random()
  if (kind < 0.05) return 'cancel'
  return kind < 0.1 && !terminal ? 'delete-reply' : undefined
}
