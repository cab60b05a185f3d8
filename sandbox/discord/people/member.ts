import type { APIAttachment } from 'discord-api-types/v10'

import type { ChannelRecord } from '../model/channels.ts'
import type { GuildRecord, MemberRecord } from '../model/directory.ts'
import type { InteractionStart, SuggestedChoice } from '../model/interaction.ts'
import { allComponents, componentTypes, hasFlag, messageFlags, type StoredMessage } from '../model/message.ts'
import { attachmentPayload } from '../payloads/attachments.ts'
import type { Wire } from '../payloads/wire.ts'
import { storeFile } from '../world/store-file.ts'
import type { World } from '../world/world.ts'
import { ClientRefusal } from './client-refusal.ts'
import { autocompletePayloadOf, buttonPayloadOf, commandPayloadOf, type InteractionOrigin } from './interaction-payload.ts'
import { Interaction, type WaitOptions } from './interaction.ts'
import { layOutOptions, type OptionValues, type PickedFile } from './options.ts'
import { layOutPartialOptions } from './partial-options.ts'
import type { ShownMessage } from './shown-message.ts'
import { usableCommand } from './usable-command.ts'

export interface RunOptions {
  /** The guild's first channel unless given. */
  channel?: { id: string } | undefined
  /** Bytes for each file of the response; the guild's limit unless given. `null` enforces that limit but leaves it out of the payload. */
  attachmentSizeLimit?: number | null | undefined
}

export interface SuggestOptions extends WaitOptions {
  /** The option with the cursor. */
  focused: string
  /** The text in that option; empty unless given. */
  typed?: string | undefined
  channel?: { id: string } | undefined
}

/** A member of a guild, who can do what a Discord client allows. */
export class Member {
  readonly id: string
  readonly guildId: string
  readonly #record: MemberRecord
  readonly #guild: GuildRecord
  readonly #world: World

  constructor(record: MemberRecord, guild: GuildRecord, world: World) {
    this.id = record.user.id
    this.guildId = guild.id
    this.#record = record
    this.#guild = guild
    this.#world = world
  }

  /**
   * Runs a registered slash command (`'animate'`, or `'settings budget'` for a subcommand).
   * @throws ClientRefusal when a Discord client would not have sent it
   */
  async run(commandLine: string, values: OptionValues = {}, options: RunOptions = {}): Promise<Interaction> {
    const world = this.#world
    const { command, path, channel } = this.#find(commandLine, options.channel)
    const limit = options.attachmentSizeLimit ?? world.uploadLimitIn(this.guildId)
    const attachments: Wire<APIAttachment>[] = []
    const upload = (file: PickedFile) => {
      if (file.bytes.length > limit) throw new ClientRefusal(`${file.name} is larger than ${limit} bytes`)
      const stored = storeFile({ name: file.name, bytes: Buffer.from(file.bytes) }, undefined, world)
      attachments.push({ ...attachmentPayload(stored, world.cdn), ...file.claims })
      return stored.id
    }
    const sent = layOutOptions(command.options ?? [], path, values, upload)
    const origin = this.#begin({ kind: 'command' }, channel, options)
    return await this.#send(origin, commandPayloadOf(origin, command, { options: sent, attachments }, world))
  }

  /**
   * Types into an option with autocomplete and waits for the suggestions; `values` are the options filled in so far.
   * @throws ClientRefusal when a Discord client would not have asked, or the response was too late
   */
  async suggest(commandLine: string, values: OptionValues, options: SuggestOptions): Promise<SuggestedChoice[]> {
    const world = this.#world
    const { command, path, channel } = this.#find(commandLine, options.channel)
    const focus = { option: options.focused, typed: options.typed ?? '' }
    const { sent, focusedType } = layOutPartialOptions({ options: command.options ?? [], path }, values, focus, () =>
      world.snowflakes.next(),
    )
    const origin = this.#begin({ kind: 'autocomplete', focusedType }, channel)
    const interaction = await this.#send(origin, autocompletePayloadOf(origin, command, sent, world))
    return interaction.choices({ signal: options.signal })
  }

  /**
   * Presses a button by its custom id or its label, on the message as it is now.
   * @throws ClientRefusal when the member does not see the message, or it has no such button that can be pressed
   */
  async press({ id }: Pick<ShownMessage, 'id'>, button: string): Promise<Interaction> {
    const message = this.#world.messages.get(id)
    if (!message || !this.sees(message)) throw new ClientRefusal('the message is not there')
    const buttons = allComponents(message.components).filter(({ type }) => type === componentTypes.button)
    const found = buttons.find((component) => component.custom_id === button) ?? buttons.find(({ label }) => label === button)
    if (!found?.custom_id) throw new ClientRefusal(`the message has no button "${button}" that can be pressed`)
    if (found.disabled) throw new ClientRefusal(`the button "${button}" is disabled`)
    const origin = this.#begin({ kind: 'component', sourceMessageId: message.id }, this.#channel(message.channelId))
    return await this.#send(origin, buttonPayloadOf(origin, { customId: found.custom_id, id: found.id ?? 0 }, message, this.#world))
  }

  /** An ephemeral message is visible only to the member whom it answers. */
  sees(message: StoredMessage): boolean {
    return !hasFlag(message, messageFlags.ephemeral) || message.interaction?.userId === this.id
  }

  #find(commandLine: string, where: { id: string } | undefined) {
    const [name = '', ...path] = commandLine.split(' ')
    const channel = this.#channel(where?.id)
    return { command: usableCommand(name, this.#record, channel, this.#world), path, channel }
  }

  #channel(id: string | undefined): ChannelRecord {
    const channels = this.#world.directory.channelsOf(this.guildId)
    const channel = id === undefined ? channels[0] : channels.find((candidate) => candidate.id === id)
    if (!channel) throw new ClientRefusal('the channel is not in this guild')
    return channel
  }

  #begin(
    { kind, sourceMessageId, focusedType }: Pick<InteractionStart, 'kind'> & Partial<InteractionStart>,
    channel: ChannelRecord,
    { attachmentSizeLimit }: RunOptions = {},
  ): InteractionOrigin {
    const interaction = this.#world.interactions.begin({
      id: this.#world.snowflakes.next(),
      kind,
      userId: this.id,
      guildId: this.guildId,
      channelId: channel.id,
      attachmentSizeLimit: attachmentSizeLimit ?? this.#world.uploadLimitIn(this.guildId),
      sourceMessageId,
      focusedType,
    })
    return { interaction, member: this.#record, channel, tellsLimit: attachmentSizeLimit !== null }
  }

  #send(origin: InteractionOrigin, payload: unknown): Promise<Interaction> {
    // Where the bot is not a member, no shard covers the guild; Discord delivers the interaction all the same.
    const guildId = this.#guild.botIsMember ? this.guildId : undefined
    const receivers = this.#world.gateway.dispatch(guildId, 'INTERACTION_CREATE', payload)
    if (receivers === 0) throw new Error('No bot is connected to the local Discord')
    return Promise.resolve(new Interaction(origin.interaction, this.#world))
  }
}
