/** The wire's number for each kind of channel. */
export const channelTypes = {
  text: 0,
  voice: 2,
  announcement: 5,
  announcementThread: 10,
  publicThread: 11,
  privateThread: 12,
  stage: 13,
  forum: 15,
} as const

export type ChannelKind = keyof typeof channelTypes

/** The kinds that are not threads. */
export type ParentKind = Exclude<ChannelKind, 'announcementThread' | 'publicThread' | 'privateThread'>

/** What a thread has and other channels do not. */
export interface ThreadState {
  archived: boolean
  locked: boolean
  /** Minutes without activity after which Discord archives it. Here nothing is archived by time. */
  autoArchiveMinutes: 60 | 1440 | 4320 | 10_080
  /** When it was created, archived or reopened. */
  archiveChangedAt: string
  /** Whether the bot has been added to it. */
  botJoined: boolean
}

export interface ChannelRecord {
  id: string
  guildId: string
  kind: ChannelKind
  name: string
  /** The channel of a thread; undefined for every other channel. */
  parentId: string | undefined
  /** Set for threads only. A post of a forum is a public thread of it. */
  thread: ThreadState | undefined
  nsfw: boolean
  /** Undefined: the bot has its permissions of the guild here. */
  botPermissions: bigint | undefined
}

/** Voice and stage channels have a text chat of their own. */
export function isVoice({ kind }: Pick<ChannelRecord, 'kind'>): boolean {
  return kind === 'voice' || kind === 'stage'
}
