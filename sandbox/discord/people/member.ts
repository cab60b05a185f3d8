import type { APIAttachment } from 'discord-api-types/v10'

import type { ChannelRecord, GuildRecord, MemberRecord } from '../model/directory.ts'
import type { StoredInteraction, SuggestedChoice } from '../model/interaction.ts'
import { type Component, componentTypes, hasFlag, messageFlags, type StoredMessage, walkComponents } from '../model/message.ts'
import type { Wire } from '../payloads/wire.ts'
import type { World } from '../world/world.ts'
import { ClientRefusal } from './client-refusal.ts'
import { autocompletePayloadOf, buttonPayloadOf, commandPayloadOf, type InteractionPlace } from './interaction-payload.ts'
import { Interaction, type WaitOptions } from './interaction.ts'
import { layOutOptions, type OptionValues, type PickedFile } from './options.ts'
import { layOutPartialOptions } from './partial-options.ts'
import { showMessage, type ShownMessage } from './shown-message.ts'
import { uploadForInteraction } from './upload.ts'
import { usableCommand } from './usable-command.ts'

export interface RunOptions {
  /** Where the command is run; the guild's first channel unless given. */
  channel?: { id: string } | undefined
  /** Bytes for each file of the answer; the guild's limit unless given. `null` enforces that limit without telling it. */
  attachmentSizeLimit?: number | null | undefined
}

export interface SuggestOptions extends WaitOptions {
  /** The option in which the cursor stands. */
  focused: string
  /** What stands there; nothing yet unless given. */
  typed?: string | undefined
  channel?: { id: string } | undefined
}

/** Somebody in a guild who can do what a Discord client lets a person do. */
export class Member {
  readonly id: string
  readonly name: string
  readonly guildId: string
  readonly #record: MemberRecord
  readonly #guild: GuildRecord
  readonly #world: World

  constructor(record: MemberRecord, guild: GuildRecord, world: World) {
    this.id = record.user.id
    this.name = record.user.name
    this.guildId = guild.id
    this.#record = record
    this.#guild = guild
    this.#world = world
  }

  /**
   * Runs a slash command (`'animate'`, or `'settings budget'` for a subcommand) that the bot has registered.
   * @throws ClientRefusal when a Discord client would not have sent it
   */
  run(command: string, values: OptionValues = {}, options: RunOptions = {}): Promise<Interaction> {
    return Promise.resolve().then(() => this.#run(command, values, options))
  }

  #run(commandLine: string, values: OptionValues, options: RunOptions): Interaction {
    const world = this.#world
    const [name = '', ...words] = commandLine.split(' ')
    const channel = this.#channel(options.channel?.id)
    const command = usableCommand(name, this.#record, this.#guild, channel, world)
    const limit = options.attachmentSizeLimit ?? world.uploadLimitOf(this.#guild)
    const attachments: Wire<APIAttachment>[] = []
    const upload = (file: PickedFile) => {
      if (file.bytes.length > limit) throw new ClientRefusal(`${file.name} is larger than ${limit} bytes`)
      const attachment = uploadForInteraction(file, world)
      attachments.push(attachment)
      return attachment.id
    }
    const sent = layOutOptions(command.options ?? [], words, values, upload)
    const place = this.#begin('command', channel, options)
    return this.#send(place, commandPayloadOf(place, command, sent, attachments, world))
  }

  /**
   * Types into an option that the bot completes and waits for what it offers; `values` are the options filled in so far.
   * @throws ClientRefusal when a Discord client would not have asked, or the answer came too late
   */
  async suggest(command: string, values: OptionValues, options: SuggestOptions): Promise<SuggestedChoice[]> {
    const world = this.#world
    const [name = '', ...words] = command.split(' ')
    const channel = this.#channel(options.channel?.id)
    const registered = usableCommand(name, this.#record, this.#guild, channel, world)
    const focus = { option: options.focused, typed: options.typed ?? '' }
    const { sent, focusedType } = layOutPartialOptions(registered.options ?? [], words, values, focus, () => world.snowflakes.next())
    const place = this.#begin('autocomplete', channel, {}, { focusedType })
    const asked = this.#send(place, autocompletePayloadOf(place, registered, sent, world))
    return asked.choices({ signal: options.signal })
  }

  /**
   * Presses a button by its custom id or its label, on the message as it is now.
   * @throws ClientRefusal when the member does not see the message, or it has no such button that can be pressed
   */
  press(message: Pick<ShownMessage, 'id'>, button: string, options: Pick<RunOptions, 'attachmentSizeLimit'> = {}): Promise<Interaction> {
    return Promise.resolve().then(() => this.#press(message.id, button, options))
  }

  #press(messageId: string, button: string, options: Pick<RunOptions, 'attachmentSizeLimit'>): Interaction {
    const world = this.#world
    const message = world.messages.get(messageId)
    if (!message || !this.sees(message)) throw new ClientRefusal('the message is not there')
    const component = findButton(message.components, button)
    if (!component?.custom_id) throw new ClientRefusal(`the message has no button "${button}" that can be pressed`)
    if (component.disabled) throw new ClientRefusal(`the button "${button}" is disabled`)
    const place = this.#begin('component', this.#channel(message.channelId), options, { sourceMessageId: message.id })
    return this.#send(place, buttonPayloadOf(place, component.custom_id, component.id ?? 0, message, world))
  }

  /** Ephemeral messages are seen by whoever they answer. */
  sees(message: StoredMessage): boolean {
    return !hasFlag(message, messageFlags.ephemeral) || message.interaction?.userId === this.id
  }

  /** What the bot has written to this member directly. */
  directMessages(): ShownMessage[] {
    const channel = this.#world.directory.directChannelWith(this.id)
    return channel ? this.#world.messages.inChannel(channel.id).map((message) => showMessage(message, this.#world)) : []
  }

  #channel(id: string | undefined): ChannelRecord {
    const channels = this.#world.directory.channelsOf(this.guildId)
    const channel = id === undefined ? channels[0] : channels.find((candidate) => candidate.id === id)
    if (!channel) throw new ClientRefusal('the channel is not in this guild')
    return channel
  }

  #begin(
    kind: StoredInteraction['kind'],
    channel: ChannelRecord,
    { attachmentSizeLimit }: RunOptions,
    about: { sourceMessageId?: string; focusedType?: number } = {},
  ): InteractionPlace {
    const interaction = this.#world.interactions.begin({
      id: this.#world.snowflakes.next(),
      kind,
      userId: this.id,
      guildId: this.guildId,
      channelId: channel.id,
      attachmentSizeLimit: attachmentSizeLimit ?? this.#world.uploadLimitOf(this.#guild),
      installedBy: this.#guild.installedBy,
      sourceMessageId: about.sourceMessageId,
      focusedType: about.focusedType,
    })
    return { interaction, member: this.#record, guild: this.#guild, channel, tellsLimit: attachmentSizeLimit !== null }
  }

  #send(place: InteractionPlace, payload: unknown): Interaction {
    // An interaction reaches the application wherever it was used, also from guilds of which the bot knows nothing.
    const guildId = this.#guild.botIsMember ? this.guildId : undefined
    if (this.#world.gateway.dispatch(guildId, 'INTERACTION_CREATE', payload) === 0)
      throw new Error('No bot is connected to the local Discord')
    return new Interaction(place.interaction, this.#world)
  }
}

function findButton(components: readonly Component[], button: string): Component | undefined {
  const found: Component[] = []
  walkComponents(components, (component) => {
    if (component.type === componentTypes.button && (component.custom_id === button || component.label === button)) found.push(component)
  })
  return found.find(({ custom_id: customId }) => customId === button) ?? found[0]
}
