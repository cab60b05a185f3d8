import type { ButtonInteraction, ChatInputCommandInteraction } from 'discord.js'

import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'

import type { Messages } from '../rest/messages.ts'

export type Answerable = ChatInputCommandInteraction | ButtonInteraction

export interface ReplyContext {
  messages: Pick<Messages, 'writeReply' | 'deleteReply' | 'followUpPrivately'>
  /** Whether the reply is made of components. */
  isCard: (interaction: object) => boolean
  clock: Clock
  log: Log
  /** Aborted when the bot stops: from then on nothing is retried. */
  stopping: AbortSignal
}
