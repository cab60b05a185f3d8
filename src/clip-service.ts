import type { Image, ImageReference } from './domain/image.ts'
import type { Config } from './config/config.ts'
import { type ClipRequest, clipLimits } from './domain/clip-request.ts'
import type { Clock } from './lib/clock.ts'
import { Refusal, type RefusedImage } from './domain/refusal.ts'
import { enqueue } from './generations/queue/enqueue.ts'
import { selectProviders } from './generations/queue/select-providers.ts'
import type { Estimates } from './generations/store/run-time-estimates.ts'
import { type Generation, isOver, type Requester } from './generations/model/generation.ts'
import { readQueuePositions } from './generations/queue/queue-positions.ts'
import type { ClipInput, ClipService, ImageInput, PartialClipInput } from './generations/model/clip-service-port.ts'
import type { Delivery } from './generations/model/delivery-port.ts'
import { cancelQueued } from './generations/run/settle.ts'
import { findGeneration, requestCancel } from './generations/store/generations.ts'
import type { Notifier } from './generations/notify/notifier.ts'
import type { ImageSource } from './media/images/download-image.ts'
import { assertImageLimits } from './media/images/image-limits.ts'
import { validateImage } from './media/images/validate-image.ts'
import { capableProviders } from './providers/capabilities.ts'
import type { Provider } from './providers/provider.ts'
import { providerName } from './providers/registry.ts'
import type { RequestRateLimits } from './billing/request-rate-limits.ts'
import { budgetsOf, type GuildSettingsStore } from './billing/guild-settings.ts'
import type { Database } from './storage/database.ts'

export interface ClipServiceContext {
  config: Pick<Config, 'allowedGuilds' | 'installationBudgets' | 'guildBudgets' | 'providerOrder' | 'providers'>
  database: Database
  settings: GuildSettingsStore
  limits: RequestRateLimits
  /** In the order in which they are tried by default. */
  providers: readonly Provider[]
  estimates: Estimates
  delivery: Delivery
  notifier: Notifier
  clock: Clock
  /** Downloads a member's image from Discord. Throws a `Refusal` if that fails. */
  downloadImage: (source: ImageSource) => Promise<Uint8Array>
}

export function createClipService(context: ClipServiceContext): ClipService {
  const { config, database, clock } = context
  return {
    check: (input, requester) => check(input, requester, context),

    choices: (input) => {
      const request = toRequest({ ...input, prompt: '', durationSeconds: 5 }, unseenImages(input))
      return capableProviders(context.providers, request).map((provider) => ({
        id: provider.id,
        name: providerName(provider.id),
        price: provider.price(request),
      }))
    },

    request: async (input, requester) => {
      check(input, requester, context)
      await context.limits.admit(requester)
      const settings = await context.settings.read(requester.guildId)
      const images = await fetchImages(input, context)
      const request = toRequest(input, images)
      const candidates = selectProviders(request, {
        ...context,
        only: input.provider,
        chosen: settings.providers ?? config.providerOrder,
      })
      const generation = await enqueue(context, {
        request,
        images: [images.first, images.last].filter((image) => image !== undefined),
        requester,
        candidates,
        budgets: { installation: config.installationBudgets, guild: budgetsOf(settings, config.guildBudgets) },
        timeZone: settings.timeZone,
        now: clock.now(),
      })
      if (!generation) return
      context.notifier.notifyWork()
      await showPosition(generation, context)
    },

    cancel: async (generationId, member) => {
      const generation = await findGeneration(database.statements, generationId)
      if (generation?.guildId !== member.guildId) throw new Refusal('generation-unknown')
      if (generation.memberId !== member.memberId && !member.mayManageMessages) throw new Refusal('not-your-generation')
      if (isOver(generation.state)) throw new Refusal('generation-over')
      const cancellation = { by: generation.memberId === member.memberId ? 'requester' : 'moderator', now: clock.now() } as const
      const cancelled = await cancelQueued(database, generationId, cancellation)
      if (cancelled) return context.delivery.postOutcome(cancelled, { now: clock.now() })
      if (!(await requestCancel(database.statements, generationId, cancellation))) throw new Refusal('generation-over')
      // It may have gone back into the queue (for another provider) between the two.
      const requeued = await cancelQueued(database, generationId, cancellation)
      if (requeued) return context.delivery.postOutcome(requeued, { now: clock.now() })
      context.notifier.notify(generationId)
    },
  }
}

/** After acceptance nothing may fail for the member: a position that cannot be read is shown later. */
async function showPosition(generation: Generation, { config, database, delivery, estimates, clock }: ClipServiceContext): Promise<void> {
  const options = { providers: config.providers, estimates, now: clock.now() }
  const positions = await readQueuePositions(database, options).catch(() => [])
  const position = positions.find(({ id }) => id === generation.id)
  // Without a position it was claimed meanwhile, and its owner writes the card.
  if (position) delivery.show(generation, { now: clock.now(), ahead: position.ahead, expectedEndAt: position.readyAt })
}

/** The checks that need memory only, in the order in which a member sees their refusals. */
function check(input: ClipInput, { guildId }: Requester, context: ClipServiceContext): void {
  const { allowedGuilds } = context.config
  if (allowedGuilds !== '*' && !allowedGuilds.has(guildId)) throw new Refusal('guild-not-allowed')
  if (input.prompt.trim() === '') throw new Refusal('prompt-empty')
  checkLength('prompt-too-long', input.prompt, clipLimits.promptCharacters)
  checkLength('negative-prompt-too-long', input.negativePrompt ?? '', clipLimits.negativePromptCharacters)
  const { image, lastImage } = input
  if (image) assertImageLimits(image, nameOfFirst(input))
  if (lastImage) assertImageLimits(lastImage, 'last')
  // The bytes are not known yet, but which providers can do it depends only on whether there are images.
  selectProviders(toRequest(input, unseenImages(input)), { ...context, only: input.provider })
}

function checkLength(identifier: 'prompt-too-long' | 'negative-prompt-too-long', text: string, limit: number): void {
  if (text.length > limit) throw new Refusal(identifier, { characters: text.length, limit })
}

interface FrameImages<Item extends ImageReference = Image> {
  first?: Item | undefined
  last?: Item | undefined
}

const unseen: ImageReference = { sha256: '', mediaType: 'image/png', width: 0, height: 0, sizeBytes: 0 }

/** Images that are known but not downloaded yet. */
function unseenImages({ image, lastImage }: ClipInput | PartialClipInput): FrameImages<ImageReference> {
  return { first: image ? unseen : undefined, last: lastImage ? unseen : undefined }
}

/** A single image needs no name. */
function nameOfFirst({ lastImage }: ClipInput): RefusedImage {
  return lastImage ? 'first' : 'only'
}

async function fetchImages(input: ClipInput, { downloadImage }: ClipServiceContext): Promise<FrameImages> {
  const fetch = async (image: ImageInput | undefined, name: RefusedImage) =>
    image && validateImage(await downloadImage({ url: image.url, name }), name)
  const [first, last] = await Promise.all([fetch(input.image, nameOfFirst(input)), fetch(input.lastImage, 'last')])
  return { first, last }
}

function toRequest(input: Omit<ClipInput, 'image' | 'lastImage'>, { first, last }: FrameImages<ImageReference>): ClipRequest {
  const negativePrompt = input.negativePrompt?.trim()
  return {
    prompt: input.prompt.trim(),
    ...(negativePrompt && { negativePrompt }),
    durationSeconds: input.durationSeconds,
    // A clip from an image has the image's aspect ratio.
    ...(input.aspectRatio && !first && { aspectRatio: input.aspectRatio }),
    ...(input.guidance !== undefined && { guidance: input.guidance }),
    ...(first && { firstFrame: referenceTo(first) }),
    ...(last && { lastFrame: referenceTo(last) }),
  }
}

/** The bytes stay out of the stored request. */
function referenceTo({ sha256, mediaType, width, height, sizeBytes }: ImageReference): ImageReference {
  return { sha256, mediaType, width, height, sizeBytes }
}
