import { formatUsd } from '../../domain/money.ts'
import type { Refusal, RefusalIdentifier } from '../../domain/refusal.ts'

import { escapeAndCut } from './markdown.ts'
import { formatChoice, formatMoment, formatSize } from './format.ts'

type Context = Refusal['context']

/** The refusal as the member reads it: what is wrong, and what to do next. Says no more than it knows where the context is bare. */
export function describeRefusal(refusal: Refusal): string {
  return sentences[refusal.identifier](refusal.context)
}

/** In context: milliseconds since the epoch (`resetsAt`, `retryAt`), bytes (`…Bytes`), micro-dollars (`…MicroUsd`), pixels. */
const sentences: Record<RefusalIdentifier, (context: Context) => string> = {
  'guild-not-allowed': () => 'This server may not make clips yet. Whoever runs the bot can allow it.',
  'bot-not-in-guild': () =>
    'The bot has to be a member of this server before it can post clips here. Someone with “Manage Server” can add it with its invitation link.',
  'missing-permissions': (context) => {
    const names = list(context, 'permissions')
    const what =
      names.length > 0
        ? `the permission ${formatChoice(
            names.map((name) => `**${name}**`),
            'and',
          )}`
        : 'permissions'
    return `The bot lacks ${what} in this channel, so it could not post your clip. Ask a moderator to allow it, or use another channel.`
  },
  'prompt-empty': () => 'The prompt is empty. Describe in a few words what the clip should show.',
  'prompt-too-long': (context) => tooLong('prompt', context),
  'negative-prompt-too-long': (context) => tooLong('negative prompt', context),
  'image-missing': () => 'There is no image. Attach a PNG or JPEG, or use `/film` for a clip from words alone.',
  'image-unsupported': (context) => {
    // Discord's word for the file, which comes from outside.
    const mediaType = escapeAndCut(word(context, 'mediaType') ?? '', 60)
    return `This file is not an image that can be used${mediaType && ` (${mediaType})`}. Save it as PNG or JPEG and try again.`
  },
  'image-too-large': (context) => {
    const [size, limit] = [number(context, 'sizeBytes'), number(context, 'maxBytes') ?? number(context, 'limitBytes')]
    const [width, pixels] = [number(context, 'width'), number(context, 'maxTotalPixels')]
    const given = size === undefined ? `The image${measures(context)} is too large` : `The image has ${formatSize(size)}`
    const most = pixels !== undefined ? `${Math.floor(pixels / 1_000_000)} million pixels` : limit && formatSize(limit)
    const remedy = width === undefined ? 'Save it smaller or as JPEG' : 'Scale it down'
    return `${given}${most ? `; at most ${most} can be used` : ''}. ${remedy} and try again.`
  },
  'image-too-small': (context) => {
    const minimum = number(context, 'minPixels') ?? 300
    return `The image${measures(context)} is too small: each side needs at least ${minimum} pixels. Use a larger one.`
  },
  'image-aspect': (context) => {
    const most = number(context, 'maxAspect') ?? 2.5
    return `The image${measures(context)} is too long and narrow: the longer side may be at most ${most} times the shorter. Crop it and try again.`
  },
  'image-corrupt': () => 'The image is damaged or incomplete and cannot be read. Open it, save it anew as PNG or JPEG, and try again.',
  'image-unreachable': () => 'The image could not be fetched from Discord. Attach it again and run the command once more.',
  'budget-exhausted': (context) => {
    const [price, remaining, resetsAt] = [
      number(context, 'priceMicroUsd'),
      number(context, 'remainingMicroUsd'),
      number(context, 'resetsAt'),
    ]
    const whose = word(context, 'wallet') === 'installation' ? 'The bot’s' : 'This server’s'
    const left = remaining === undefined ? 'does not cover this clip' : `has ${formatUsd(Math.max(0, remaining))} left`
    const need = price === undefined ? '' : `; this clip costs ${formatUsd(price)}`
    const next =
      resetsAt === undefined
        ? 'Try again when it starts anew.'
        : `It starts anew ${formatMoment(resetsAt)} (${formatMoment(resetsAt, 'f')}).`
    return `${whose} budget ${left}${need}. ${next}`
  },
  'no-provider-can': (context) => {
    const [feature, capable] = [word(context, 'feature') || 'what you asked for', list(context, 'capable')]
    const who = capable.length > 0 ? `${formatChoice(capable)} could, if whoever runs the bot sets it up. ` : ''
    return `None of the providers that are set up here can do ${feature}. ${who}Leave it out and try again.`
  },
  'provider-unknown': (context) => {
    const choices = list(context, 'choices').map((name) => `**${name}**`)
    const instead = choices.length > 0 ? `Choose ${formatChoice(choices)}, or leave` : 'Leave'
    const provider = word(context, 'provider')
    const what = provider ? `**${provider}** cannot make this clip here` : 'This bot has no provider of that name'
    return `${what}. ${instead} \`provider\` out and try again.`
  },
  'rate-limited': (context) => {
    const retryAt = number(context, 'retryAt')
    return `That was a little fast. Try again ${retryAt === undefined ? 'in a minute' : formatMoment(retryAt)}.`
  },
  'not-your-generation': () => 'Only the member who asked for this clip, or someone with “Manage Messages”, can do that.',
  'generation-unknown': () => 'This clip is not known here any more. Start a new one with `/animate` or `/film`.',
  'generation-over': () => 'This clip is already finished, so there is nothing left to cancel.',
  'store-unavailable': () =>
    'The bot cannot reach its store at the moment, so it takes no requests and charges nothing. Try again in a few minutes.',
}

function tooLong(what: string, context: Context): string {
  const [characters, limit] = [number(context, 'characters'), number(context, 'limit') ?? 2500]
  return `The ${what} ${characters === undefined ? 'is too long' : `has ${characters} characters`}; at most ${limit} are possible. Shorten it and try again.`
}

function measures(context: Context): string {
  const [width, height] = [number(context, 'width'), number(context, 'height')]
  return width === undefined || height === undefined ? '' : ` (${width} × ${height} pixels)`
}

function number(context: Context, key: string): number | undefined {
  const value = context[key]
  return typeof value === 'number' ? value : undefined
}

function word(context: Context, key: string): string | undefined {
  const value = context[key]
  return typeof value === 'string' ? value : undefined
}

function list(context: Context, key: string): readonly string[] {
  const value = context[key]
  if (typeof value === 'string') return [value]
  return typeof value === 'object' ? value : []
}
