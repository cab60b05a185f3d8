import type { Gateway } from '../gateway/gateway.ts'
import { isVisible, refuseLocked } from '../model/channel-access.ts'
import type { ChannelRecord, ThreadState } from '../model/channels.ts'
import type { DiscordClock } from '../model/clock.ts'
import type { Directory } from '../model/directory.ts'
import { channelPayload, threadMemberPayload } from '../payloads/channels.ts'

export interface ThreadsContext {
  directory: Directory
  clock: DiscordClock
  gateway: Pick<Gateway, 'dispatch'>
}

/** What happens to threads. A connected bot is told of it where it can see the thread. */
export class Threads {
  readonly #context: ThreadsContext

  constructor(context: ThreadsContext) {
    this.#context = context
  }

  /** Call it before a new public message: refuses it in a locked thread (50083), and reopens an archived one. */
  openForMessage(channelId: string): void {
    const { directory } = this.#context
    const channel = directory.channels.get(channelId)
    if (!channel) return
    refuseLocked(channel, directory.botPermissionsIn(channel))
    if (channel.thread?.archived) this.change(channel, { archived: false })
  }

  change(channel: ChannelRecord, changes: Partial<Pick<ThreadState, 'archived' | 'locked'>>): void {
    const thread = threadOf(channel)
    if (changes.archived !== undefined && changes.archived !== thread.archived) {
      thread.archiveChangedAt = this.#context.clock.timestamp()
    }
    Object.assign(thread, changes)
    this.#tell(channel, 'THREAD_UPDATE')
  }

  /** Adds the bot as `@` with its name does. Discord sends the thread first, because the bot could not see it before. */
  addBot(channel: ChannelRecord): void {
    threadOf(channel).botJoined = true
    this.#tell(channel, 'THREAD_CREATE')
    this.#tellMembers(channel, { added_members: [threadMemberPayload(channel, this.#context.directory.bot.id)] })
  }

  removeBot(channel: ChannelRecord): void {
    threadOf(channel).botJoined = false
    this.#tellMembers(channel, { removed_member_ids: [this.#context.directory.bot.id] })
  }

  #tell(channel: ChannelRecord, event: string): void {
    const { directory, gateway } = this.#context
    if (isVisible(channel, directory)) gateway.dispatch(channel.guildId, event, channelPayload(channel, directory))
  }

  #tellMembers({ id, guildId }: ChannelRecord, members: object): void {
    const { directory, gateway } = this.#context
    if (!directory.guilds.get(guildId)?.botIsMember) return
    gateway.dispatch(guildId, 'THREAD_MEMBERS_UPDATE', { id, guild_id: guildId, member_count: 1, ...members })
  }
}

function threadOf({ thread }: ChannelRecord): ThreadState {
  if (!thread) throw new Error('The channel is not a thread')
  return thread
}
