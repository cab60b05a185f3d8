import type { ChatInputCommandInteraction } from 'discord.js'
import { ChannelType, RESTJSONErrorCodes } from 'discord.js'

import type { Snowflake } from '../../domain/ids.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { Clock } from '../../lib/clock.ts'
import { ExpiringMap } from '../../lib/expiring-map.ts'
import type { Log } from '../../lib/log.ts'

import { noteOf } from '../cards/components.ts'
import { describeError, hasCode } from '../rest/errors.ts'
import type { Messages } from '../rest/messages.ts'
import { retryDiscord } from '../rest/retry-discord.ts'
import { textIn } from '../text/text.ts'

/** How long the access to a private thread is taken for granted, in milliseconds. */
const provenForMs = 5 * 60_000

/** For the whole proof, in milliseconds. A request does not wait longer for a Discord that has a fault. */
const proofMs = 5000

const noAccess = [RESTJSONErrorCodes.MissingAccess, RESTJSONErrorCodes.MissingPermissions, RESTJSONErrorCodes.UnknownChannel]
const closedThread = [RESTJSONErrorCodes.InvalidActionOnArchivedThread, RESTJSONErrorCodes.ThreadLocked]

export interface ChannelAccessContext {
  messages: Pick<Messages, 'writeReply' | 'editMessage'>
  clock: Clock
  log: Log
}

export type ChannelAccess = ReturnType<typeof createChannelAccess>

/** Whether the bot reaches a channel with its own token, without which nothing can be posted there once an interaction's token has expired. */
export function createChannelAccess({ messages, clock, log }: ChannelAccessContext) {
  const proven = new ExpiringMap<Snowflake, true>(provenForMs, clock)
  const cards = new WeakSet<object>()

  function needsProof({ channel, channelId }: ChatInputCommandInteraction): boolean {
    // Unknown as long as Discord has not sent its guild.
    if (channel === null) return true
    if (!channel.isThread()) return false
    // The permissions of an interaction are those of the parent channel.
    const isOpen = channel.archived === false && channel.locked === false
    return !isOpen || (channel.type === ChannelType.PrivateThread && !proven.get(channelId))
  }

  /** Edits the acknowledged reply by both tokens: the first names the message, the second needs what a late clip needs. */
  async function edit(interaction: ChatInputCommandInteraction): Promise<void> {
    const body = noteOf(textIn(interaction.locale)('card.received'))
    const signal = AbortSignal.timeout(proofMs)
    // Even if the edit fails, it may have arrived.
    cards.add(interaction)
    const editTwice = async () => messages.editMessage(await messages.writeReply(interaction, body, signal), body, { signal })
    await retryDiscord(editTwice, { clock, delays: [500], signal })
  }

  return {
    /** Whether the reply is, or may be, made of components. Text without components cannot replace it any more. */
    isCard: (interaction: object): boolean => cards.has(interaction),

    /** Throws a `Refusal` if Discord denies the bot this channel. A fault of Discord proves nothing. */
    async prove(interaction: ChatInputCommandInteraction): Promise<void> {
      if (!needsProof(interaction)) return
      try {
        await edit(interaction)
        proven.set(interaction.channelId, true)
      } catch (error) {
        const refusal = refusalFor(error, interaction)
        if (refusal) throw refusal
        log.warn({ interaction: interaction.id, failure: describeError(error) }, 'access to a channel not proven; the request goes on')
      }
    },
  }
}

function refusalFor(error: unknown, { channel, client }: ChatInputCommandInteraction): Refusal | undefined {
  if (hasCode(error, ...closedThread)) {
    return channel?.isThread() && channel.locked ? new Refusal('thread-locked') : new Refusal('thread-archived')
  }
  if (!hasCode(error, ...noAccess)) return undefined
  return channel?.type === ChannelType.PrivateThread
    ? new Refusal('thread-not-joined', { bot: client.user.id })
    : new Refusal('channel-inaccessible')
}
