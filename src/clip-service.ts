import type { Image } from './domain/image.ts'
import type { Config } from './config/config.ts'
import { clipLimits } from './domain/clip-request.ts'
import type { Clock } from './lib/clock.ts'
import type { Log } from './lib/log.ts'
import { createConcurrencyLimit } from './lib/concurrency/concurrency-limit.ts'
import { Refusal, type RefusedImage } from './domain/refusal.ts'
import { enqueue } from './generations/queue/enqueue.ts'
import { selectProviders } from './generations/queue/select-providers.ts'
import type { Estimates } from './generations/store/run-time-estimates.ts'
import { describeStep } from './generations/model/describe-step.ts'
import { type FrameImages, toRequest, unseenImages } from './generations/model/to-clip-request.ts'
import { isOver, type Requester } from './generations/model/generation.ts'
import type { ClipInput, ClipService, ImageInput } from './generations/model/clip-service-port.ts'
import type { Delivery } from './generations/model/delivery-port.ts'
import { cancelGeneration } from './generations/cancel-generation.ts'
import { findGeneration } from './generations/store/generations.ts'
import type { Notifier } from './generations/notify/notifier.ts'
import { createPositionDisplay } from './generations/positions/show-position.ts'
import type { ImageSource } from './media/images/download-image.ts'
import { assertImageLimits } from './media/images/image-limits.ts'
import { prepareImage } from './media/images/prepare-image.ts'
import { validateImage } from './media/images/validate-image.ts'
import { capableProviders } from './providers/capabilities.ts'
import type { Provider } from './providers/provider.ts'
import { providerName } from './providers/registry.ts'
import type { RequestRateLimits } from './billing/request-rate-limits.ts'
import { budgetsOf, type GuildSettingsStore } from './billing/guild-settings.ts'
import type { Database } from './storage/database.ts'
import { createOutageRefusal } from './storage/unavailable.ts'

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
  log: Log
  /** Downloads a member's image from Discord. Throws a `Refusal` if that fails. */
  downloadImage: (source: ImageSource) => Promise<Uint8Array>
  /** Aborted when the bot cannot wait any longer: requests that still wait for the store then reject with its reason. */
  interrupted?: AbortSignal | undefined
}

/** How many requests use the store at once. Many share a commit; more would keep the workers' statements waiting behind them. */
const acceptedAtOnce = 32

/** How many images are turned or flattened at once: the largest ones take some hundred megabytes each. */
const preparedAtOnce = 2

export function createClipService(context: ClipServiceContext): ClipService {
  const { config, database, clock, log } = context
  const showPosition = createPositionDisplay({ ...context, capacities: config.providers })
  const stored = createOutageRefusal(log)
  const accepting = createConcurrencyLimit({ most: acceptedAtOnce, signal: context.interrupted })
  const preparing = createConcurrencyLimit({ most: preparedAtOnce, signal: context.interrupted })
  const prepare: PrepareImage = (image, name) => preparing(() => prepareImage(image, name))

  async function accept(input: ClipInput, images: FrameImages, requester: Requester): Promise<void> {
    const settings = await context.settings.read(requester.guildId)
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
    log.info(describeStep(generation), 'accepted')
    context.notifier.notifyWork()
    await showPosition(generation)
  }

  return {
    check: (input, requester) => {
      check(input, requester, context)
      context.limits.admit(requester)
    },

    choices: (input) => {
      const request = toRequest({ ...input, prompt: '' }, unseenImages(input))
      return capableProviders(context.providers, request).map((provider) => ({
        id: provider.id,
        name: providerName(provider.id),
        price: provider.price(request),
      }))
    },

    request: async (input, requester) => {
      check(input, requester, context)
      const images = await fetchImages(input, context, prepare).catch((error: unknown) => {
        // Whoever exports an image anew should not have to wait for it.
        context.limits.giveBack(requester)
        throw error
      })
      await accepting(() => accept(input, images, requester))
    },

    cancel: async (generationId, member) => {
      const generation = await stored(findGeneration(database.statements, generationId))
      if (generation?.guildId !== member.guildId) throw new Refusal('generation-unknown')
      if (generation.memberId !== member.memberId && !member.mayManageMessages) throw new Refusal('not-your-generation')
      if (isOver(generation.state)) throw new Refusal('generation-over')
      const by = generation.memberId === member.memberId ? 'requester' : 'moderator'
      if (!(await stored(cancelGeneration(generationId, by, context)))) throw new Refusal('generation-over')
    },
  }
}

/** The checks that need memory only, in the order in which a member sees their refusals. */
function check(input: ClipInput, { guildId }: Requester, context: ClipServiceContext): void {
  const { allowedGuilds } = context.config
  if (allowedGuilds !== '*' && !allowedGuilds.has(guildId)) throw new Refusal('guild-not-allowed')
  if (input.prompt.trim().length < clipLimits.leastCharacters) throw new Refusal('prompt-empty')
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

/** A single image needs no name. */
function nameOfFirst({ lastImage }: ClipInput): RefusedImage {
  return lastImage ? 'first' : 'only'
}

type PrepareImage = (image: Image, name: RefusedImage) => Promise<Image>

/** Prepared before they are stored, so that what is stored is what is sent, and nothing else of a member's image is kept. */
async function fetchImages(input: ClipInput, { downloadImage }: ClipServiceContext, prepare: PrepareImage): Promise<FrameImages> {
  const fetch = async (image: ImageInput | undefined, name: RefusedImage) =>
    image && prepare(await validateImage(await downloadImage({ url: image.url, name }), name), name)
  const [first, last] = await Promise.all([fetch(input.image, nameOfFirst(input)), fetch(input.lastImage, 'last')])
  return { first, last }
}
