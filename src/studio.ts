import { type AspectRatio, type ClipRequest, clipLimits, type DurationSeconds } from './domain/clip-request.ts'
import type { Clock } from './domain/clock.ts'
import { createId, createReference, type Snowflake } from './domain/ids.ts'
import { providerIds, providerNames } from './domain/provider-id.ts'
import { Refusal } from './domain/refusal.ts'
import type { Config } from './config.ts'
import type { Dispatcher } from './generations/dispatcher.ts'
import { type Generation, isOver, type Requester } from './generations/generation.ts'
import type { Delivery } from './generations/ports.ts'
import { cancelQueued } from './generations/settle.ts'
import { countAhead, findGeneration, insertGeneration, isKnownInteraction, wishCancel } from './generations/store.ts'
import type { Wishes } from './generations/wishes.ts'
import { judgePicture } from './media/picture-policy.ts'
import { readStartFrame } from './media/start-frame.ts'
import { capableProviders, missingCapabilities, type RequestedCapability } from './providers/capable.ts'
import { capabilitiesOf } from './providers/registry.ts'
import type { Frame, Provider } from './providers/provider.ts'
import { recordReservation, type Reservation, reserve } from './quota/ledger.ts'
import type { RequestLimits } from './quota/limits.ts'
import { periodKeys } from './quota/periods.ts'
import { budgetsOf, type GuildSettings, type SettingsStore } from './quota/settings.ts'
import type { Database } from './storage/database.ts'
import { keepFrame } from './storage/frames.ts'

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
}

/** Everything a command may ask for. */
export interface Studio {
  /** What can be judged from memory alone, before the acknowledgement. Throws a `Refusal`; takes well under a second. */
  check(wish: ClipWish, requester: Requester): void
  /** Accepts the request or throws a `Refusal`, leaving nothing behind. From acceptance on the card belongs to the studio. */
  request(wish: ClipWish, requester: Requester): Promise<void>
  /** Wishes the end of a generation. Throws a `Refusal` if it is unknown, over, or not theirs. */
  cancel(generationId: string, member: { memberId: Snowflake; guildId: Snowflake; mayManageMessages: boolean }): Promise<void>
}

export interface StudioParts {
  config: Pick<Config, 'allowedGuilds' | 'installationBudgets' | 'guildBudgets'>
  database: Database
  settings: SettingsStore
  limits: RequestLimits
  /** In the order in which they are tried. */
  providers: readonly Provider[]
  dispatcher: Dispatcher
  delivery: Delivery
  wishes: Wishes
  clock: Clock
  /** Fetches a member's picture from Discord; throws a `Refusal` if it cannot be had. */
  downloadPicture(url: string): Promise<Uint8Array>
}

export function createStudio(parts: StudioParts): Studio {
  const { database, clock } = parts
  return {
    check: (wish, requester) => check(wish, requester, parts),

    request: async (wish, requester) => {
      check(wish, requester, parts)
      await parts.limits.admit(requester)
      const frame = wish.picture && (await readStartFrame(await parts.downloadPicture(wish.picture.url)))
      const settings = await parts.settings.read(requester.guildId)
      const request = toRequest(wish, frame)
      const generation = await accept(request, frame, requester, settings, parts)
      if (!generation) return
      parts.delivery.show(generation, { now: clock.now(), ahead: await countAhead(database.statements, generation) })
      parts.dispatcher.wake()
    },

    cancel: async (generationId, member) => {
      const generation = await findGeneration(database.statements, generationId)
      if (generation?.guildId !== member.guildId) throw new Refusal('generation-unknown')
      if (generation.memberId !== member.memberId && !member.mayManageMessages) throw new Refusal('not-your-generation')
      if (isOver(generation.state)) throw new Refusal('generation-over')
      const cancelled = await cancelQueued(database, generationId, clock.now())
      if (cancelled) return parts.delivery.end(cancelled, { now: clock.now() })
      if (!(await wishCancel(database.statements, generationId, clock.now()))) throw new Refusal('generation-over')
      parts.wishes.announceCancel(generationId)
    },
  }
}

/** The checks that need no waiting, in the order in which a member is told. */
function check(wish: ClipWish, { guildId }: Requester, { config, providers }: StudioParts): void {
  if (config.allowedGuilds !== '*' && !config.allowedGuilds.has(guildId)) throw new Refusal('guild-not-allowed', { guildId })
  if (wish.prompt.trim() === '') throw new Refusal('prompt-empty')
  if (wish.prompt.length > clipLimits.promptCharacters) {
    throw new Refusal('prompt-too-long', { characters: wish.prompt.length, limit: clipLimits.promptCharacters })
  }
  if ((wish.negativePrompt?.length ?? 0) > clipLimits.negativePromptCharacters) {
    throw new Refusal('negative-prompt-too-long', {
      characters: wish.negativePrompt?.length ?? 0,
      limit: clipLimits.negativePromptCharacters,
    })
  }
  const picture = wish.picture && judgePicture(wish.picture)
  if (picture) throw picture
  // The bytes are not known yet, but which hosts can do it depends only on whether there is a picture.
  capableOf(toRequest(wish, wish.picture && unseenFrame), providers, undefined)
}

const unseenFrame = { sha256: '', mediaType: 'image/png', width: 0, height: 0, sizeBytes: 0 } as const

function toRequest(wish: ClipWish, frame: Omit<Frame, 'bytes'> | undefined): ClipRequest {
  return {
    prompt: wish.prompt.trim(),
    ...(wish.negativePrompt?.trim() && { negativePrompt: wish.negativePrompt.trim() }),
    durationSeconds: wish.durationSeconds,
    ...(wish.aspectRatio && !frame && { aspectRatio: wish.aspectRatio }),
    ...(wish.guidance !== undefined && { guidance: wish.guidance }),
    ...(frame && {
      startFrame: {
        sha256: frame.sha256,
        mediaType: frame.mediaType,
        width: frame.width,
        height: frame.height,
        sizeBytes: frame.sizeBytes,
      },
    }),
  }
}

/** The hosts that can do it, in the guild's order, then the operator's. None is a refusal that names who could. */
function capableOf(request: ClipRequest, providers: readonly Provider[], preferred: GuildSettings['providers']): readonly Provider[] {
  const rank = (provider: Provider) => {
    const index = preferred?.indexOf(provider.id) ?? -1
    return index === -1 ? Number.MAX_SAFE_INTEGER : index
  }
  const ordered = [...providers].sort((left, right) => rank(left) - rank(right))
  const capable = capableProviders(ordered, request)
  if (capable.length > 0) return capable
  const missing = new Set(providers.flatMap((provider) => missingCapabilities(provider, request)))
  const others = providerIds.filter((id) => missingCapabilities({ capabilities: capabilitiesOf[id] }, request).length === 0)
  throw new Refusal('no-provider-can', {
    feature: [...missing].map((capability) => capabilityNames[capability]).join(', '),
    capable: others.map((id) => providerNames[id]),
  })
}

const capabilityNames: Record<RequestedCapability, string> = {
  text: 'a clip from words alone',
  firstFrame: 'a clip from a picture',
  lastFrame: 'a last frame',
  negativePrompt: '`negative`',
  guidance: '`guidance`',
}

/** Keeps the picture, then reserves and inserts in one transaction. Undefined if this interaction was accepted before. */
async function accept(
  request: ClipRequest,
  frame: Frame | undefined,
  requester: Requester,
  settings: GuildSettings,
  { config, database, providers, clock }: StudioParts,
): Promise<Generation | undefined> {
  const capable = capableOf(request, providers, settings.providers)
  const provider = capable[0]
  if (!provider) return undefined
  const now = clock.now()
  // The dearest host it may end at: a guild is never charged more than was set aside for it.
  const price = Math.max(...capable.map((candidate) => candidate.price(request)))
  const generation: Generation = {
    ...requester,
    id: createId(now),
    state: 'queued',
    request,
    provider: provider.id,
    price,
    createdAt: now,
    startedAt: undefined,
    endedAt: undefined,
    cancelRequestedAt: undefined,
    endReason: undefined,
    captured: false,
    reference: createReference(),
    messageId: undefined,
    outputUrl: undefined,
  }
  const reservation: Reservation = {
    generationId: generation.id,
    take: 1,
    guildId: requester.guildId,
    amount: price,
    guildPeriods: periodKeys(now, settings.timeZone),
    installationPeriods: periodKeys(now),
  }
  return database.transaction(async (transaction) => {
    if (await isKnownInteraction(transaction, requester.reply.interactionId)) return undefined
    await reserve(transaction, reservation, {
      installation: config.installationBudgets,
      guild: budgetsOf(settings, config.guildBudgets),
      now,
      timeZone: settings.timeZone,
    })
    if (frame) await keepFrame(transaction, frame, now)
    await insertGeneration(transaction, generation, reservation)
    await recordReservation(transaction, reservation, now)
    return generation
  })
}
