import type { Config } from './config/config.ts'
import { type AspectRatio, type ClipRequest, clipLimits, type DurationSeconds, type FrameReference } from './domain/clip-request.ts'
import type { Clock } from './lib/clock.ts'
import type { Snowflake } from './domain/ids.ts'
import type { MicroUsd } from './domain/money.ts'
import { type ProviderId, providerNames } from './domain/provider-id.ts'
import { Refusal } from './domain/refusal.ts'
import { acceptOnce } from './generations/queue/enqueue.ts'
import { chooseHosts } from './generations/queue/select-providers.ts'
import type { Dispatcher } from './generations/worker/worker.ts'
import type { Estimates } from './generations/store/run-time-estimates.ts'
import { type Generation, isOver, type Requester } from './generations/model/generation.ts'
import { readPlaces } from './generations/worker/queue-maintenance.ts'
import type { Delivery } from './generations/model/delivery-port.ts'
import { cancelQueued } from './generations/run/settle.ts'
import { findGeneration, wishCancel } from './generations/store/generations.ts'
import type { Wakes } from './generations/notify/notifier.ts'
import { judgePicture } from './media/images/image-limits.ts'
import { readStartFrame } from './media/images/validate-image.ts'
import { capableProviders } from './providers/capabilities.ts'
import type { Frame, Provider } from './providers/provider.ts'
import type { Router } from './providers/router.ts'
import type { RequestLimits } from './billing/request-rate-limits.ts'
import { budgetsOf, type SettingsStore } from './billing/guild-settings.ts'
import type { Database } from './storage/database.ts'

/** A picture as the member handed it in: what Discord says of it, not yet what it is. */
export interface PictureWish {
  /** Signed and short-lived: fetched at once, never stored, never logged. */
  url: string
  name: string
  sizeBytes: number
  width: number | undefined
  height: number | undefined
}

/** What a member typed, not yet judged. */
export interface ClipWish {
  prompt: string
  negativePrompt?: string | undefined
  durationSeconds: DurationSeconds
  aspectRatio?: AspectRatio | undefined
  guidance?: number | undefined
  picture?: PictureWish | undefined
  lastPicture?: PictureWish | undefined
  /** The one host that shall make it; left out, the bot chooses. */
  provider?: ProviderId | undefined
}

/** What is known of a wish while it is still being typed. */
export type WishSoFar = Pick<ClipWish, 'negativePrompt' | 'guidance'> & { picture: boolean; lastPicture: boolean }

/** A host as a member can choose it. */
export interface ProviderChoice {
  id: ProviderId
  name: string
  /** For five seconds. */
  price: MicroUsd
}

/** Everything a command may ask for. */
export interface Studio {
  /** What can be judged from memory alone, before the acknowledgement. Throws a `Refusal`; takes well under a second. */
  check(wish: ClipWish, requester: Requester): void
  /** The hosts that are set up and can do what was typed so far, in the order in which they would be tried. From memory alone. */
  choices(wish: WishSoFar): ProviderChoice[]
  /** Accepts the request or throws a `Refusal`, leaving nothing behind. From acceptance on the card belongs to the studio. */
  request(wish: ClipWish, requester: Requester): Promise<void>
  /** Wishes the end of a generation. Throws a `Refusal` if it is unknown, over, or not theirs. */
  cancel(generationId: string, member: { memberId: Snowflake; guildId: Snowflake; mayManageMessages: boolean }): Promise<void>
}

export interface StudioParts {
  config: Pick<Config, 'allowedGuilds' | 'installationBudgets' | 'guildBudgets' | 'hostOrder'>
  database: Database
  settings: SettingsStore
  limits: RequestLimits
  /** In the order in which they are tried unless somebody chose another. */
  providers: readonly Provider[]
  router: Router
  estimates: Estimates
  dispatcher: Dispatcher
  delivery: Delivery
  wakes: Wakes
  clock: Clock
  /** Fetches a member's picture from Discord; throws a `Refusal` if it cannot be had. */
  downloadPicture: (url: string) => Promise<Uint8Array>
}

export function createStudio(parts: StudioParts): Studio {
  const { config, database, clock } = parts
  return {
    check: (wish, requester) => check(wish, requester, parts),

    choices: (wish) => {
      const request = toRequest({ ...wish, prompt: '', durationSeconds: 5 }, framesSoFar(wish))
      return capableProviders(parts.providers, request).map((provider) => ({
        id: provider.id,
        name: providerNames[provider.id],
        price: provider.price(request),
      }))
    },

    request: async (wish, requester) => {
      check(wish, requester, parts)
      await parts.limits.admit(requester)
      const settings = await parts.settings.read(requester.guildId)
      const frames = await fetchFrames(wish, parts)
      const request = toRequest(wish, frames)
      const [first, ...others] = chooseHosts(request, { ...parts, only: wish.provider, chosen: settings.providers ?? config.hostOrder })
      if (!first) throw new Refusal('no-provider-can')
      const generation = await acceptOnce(parts, {
        request,
        frames: [frames.start, frames.last].filter((frame) => frame !== undefined),
        requester,
        candidates: [first, ...others],
        budgets: { installation: config.installationBudgets, guild: budgetsOf(settings, config.guildBudgets) },
        timeZone: settings.timeZone,
        now: clock.now(),
      })
      if (!generation) return
      parts.dispatcher.wake()
      await showPlace(generation, parts)
    },

    cancel: async (generationId, member) => {
      const generation = await findGeneration(database.statements, generationId)
      if (generation?.guildId !== member.guildId) throw new Refusal('generation-unknown')
      if (generation.memberId !== member.memberId && !member.mayManageMessages) throw new Refusal('not-your-generation')
      if (isOver(generation.state)) throw new Refusal('generation-over')
      const cancelled = await cancelQueued(database, generationId, clock.now())
      if (cancelled) return parts.delivery.end(cancelled, { now: clock.now() })
      if (!(await wishCancel(database.statements, generationId, clock.now()))) throw new Refusal('generation-over')
      // It may have gone back into line (for another host) between the two.
      const requeued = await cancelQueued(database, generationId, clock.now())
      if (requeued) return parts.delivery.end(requeued, { now: clock.now() })
      parts.wakes.wake(generationId)
    },
  }
}

/** From acceptance on nothing may fail for the member: a place that cannot be read is shown later. */
async function showPlace(generation: Generation, { database, delivery, clock }: StudioParts): Promise<void> {
  const places = await readPlaces(database.statements, generation.provider).catch(() => [])
  const place = places.find(({ id }) => id === generation.id)
  // Claimed meanwhile: then its card is its owner's.
  if (place) delivery.show(generation, { now: clock.now(), ahead: place.ahead })
}

/** The checks that need no waiting, in the order in which a member is told. */
function check(wish: ClipWish, { guildId }: Requester, parts: StudioParts): void {
  const { allowedGuilds } = parts.config
  if (allowedGuilds !== '*' && !allowedGuilds.has(guildId)) throw new Refusal('guild-not-allowed', { guildId })
  if (wish.prompt.trim() === '') throw new Refusal('prompt-empty')
  checkLength('prompt-too-long', wish.prompt, clipLimits.promptCharacters)
  checkLength('negative-prompt-too-long', wish.negativePrompt ?? '', clipLimits.negativePromptCharacters)
  for (const picture of [wish.picture, wish.lastPicture]) {
    const refusal = picture && judgePicture(picture)
    if (refusal) throw refusal
  }
  // The bytes are not known yet, but which hosts can do it depends only on whether there are pictures.
  const request = toRequest(wish, framesSoFar({ picture: wish.picture !== undefined, lastPicture: wish.lastPicture !== undefined }))
  chooseHosts(request, { ...parts, only: wish.provider })
}

function checkLength(identifier: 'prompt-too-long' | 'negative-prompt-too-long', text: string, limit: number): void {
  if (text.length > limit) throw new Refusal(identifier, { characters: text.length, limit })
}

interface Frames<Picture extends FrameReference = Frame> {
  start?: Picture | undefined
  last?: Picture | undefined
}

const unseen: FrameReference = { sha256: '', mediaType: 'image/png', width: 0, height: 0, sizeBytes: 0 }

/** Pictures that were named but not fetched yet. */
function framesSoFar({ picture, lastPicture }: { picture: boolean; lastPicture: boolean }): Frames<FrameReference> {
  return { ...(picture && { start: unseen }), ...(lastPicture && { last: unseen }) }
}

async function fetchFrames({ picture, lastPicture }: ClipWish, { downloadPicture }: StudioParts): Promise<Frames> {
  const fetch = async (wish: PictureWish | undefined) => wish && readStartFrame(await downloadPicture(wish.url))
  const [start, last] = await Promise.all([fetch(picture), fetch(lastPicture)])
  return { start, last }
}

function toRequest(wish: Omit<ClipWish, 'picture' | 'lastPicture'>, { start, last }: Frames<FrameReference>): ClipRequest {
  const negativePrompt = wish.negativePrompt?.trim()
  return {
    prompt: wish.prompt.trim(),
    ...(negativePrompt && { negativePrompt }),
    durationSeconds: wish.durationSeconds,
    // A clip from a picture takes the picture's shape.
    ...(wish.aspectRatio && !start && { aspectRatio: wish.aspectRatio }),
    ...(wish.guidance !== undefined && { guidance: wish.guidance }),
    ...(start && { startFrame: referenceTo(start) }),
    ...(last && { lastFrame: referenceTo(last) }),
  }
}

/** The bytes stay out of the stored request. */
function referenceTo({ sha256, mediaType, width, height, sizeBytes }: FrameReference): FrameReference {
  return { sha256, mediaType, width, height, sizeBytes }
}
