import sharp from 'sharp'

import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { ClientRefusal } from '../../../sandbox/discord/people/client-refusal.ts'
import type { PickedFile } from '../../../sandbox/discord/people/options.ts'
import { showsClip } from '../shared/shown-clip.ts'

const guildCount = 3
const membersPerGuild = 3

export interface CommandLine {
  command: string
  options: Record<string, string | number>
  /** Options that take a file, and the numbers of the pictures. */
  images: Record<string, number>
}

/** The guilds and members of a run. Members are numbered across all guilds; a guild's members follow each other. */
export interface People {
  guilds: { id: string; channel: string }[]
  memberGuilds: string[]
  /** Runs a command and returns the interaction's id; undefined while no bot can receive it. */
  run(member: number, line: CommandLine): Promise<string | undefined>
  /** Presses a button of a message; false if there is none, or no bot that can receive it. */
  press(member: number, messageId: string, button: string): Promise<boolean>
  deleteMessage(id: string): void
}

export async function createPeople(discord: LocalDiscord): Promise<People> {
  const others = Array.from({ length: guildCount - 1 }, (_, index) => discord.createGuild({ name: `Server ${index + 2}` }))
  const guilds = [discord.guild, ...others]
  const members = guilds.flatMap((guild) =>
    Array.from({ length: membersPerGuild }, (_, index) => guild.createMember({ name: `M${index}` })),
  )
  const pictures = await drawPictures()
  const memberWith = (number: number) => {
    const member = members[number]
    if (!member) throw new Error(`there is no member ${number}`)
    return member
  }
  return {
    guilds: guilds.map(({ id, channel }) => ({ id, channel: channel.id })),
    memberGuilds: members.map(({ guildId }) => guildId),
    run: async (member, { command, options, images }) => {
      const files = Object.fromEntries(Object.entries(images).map(([name, number]) => [name, pictures[number % pictures.length]]))
      const values = { ...options, ...files }
      return (await unlessUnavailable(discord, () => memberWith(member).run(command, values)))?.id
    },
    press: async (member, id, button) => {
      const pressed = await unlessUnavailable(discord, () => memberWith(member).press({ id }, button))
      return pressed !== undefined
    },
    deleteMessage: (id) => {
      // A member who has the clip keeps it.
      const message = guilds.flatMap(({ channel }) => channel.messages()).find((each) => each.id === id)
      if (message && !showsClip(message.components)) discord.deleteMessage(message.id)
    },
  }
}

/** Right after a bot's death its connection may still be there, so that sending fails. */
async function unlessUnavailable<Result>(discord: LocalDiscord, act: () => Promise<Result>): Promise<Result | undefined> {
  const isConnected = () => discord.gateway.connected
  if (!isConnected()) return undefined
  try {
    return await act()
  } catch (error) {
    // A button may be gone, a command not registered yet. A wrong option is a fault of the run.
    if ((error instanceof ClientRefusal && error.option === undefined) || !isConnected()) return undefined
    throw error
  }
}

/** A PNG and a JPEG, small and plain. */
async function drawPictures(): Promise<PickedFile[]> {
  const plain = (width: number, red: number) =>
    sharp({ create: { width, height: 320, channels: 3, background: { r: red, g: 90, b: 160 } } })
  return [
    { name: 'boat.png', bytes: await plain(320, 40).png().toBuffer() },
    { name: 'boat.jpg', bytes: await plain(480, 200).jpeg().toBuffer() },
  ]
}
