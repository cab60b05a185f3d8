import { describe, expect, it } from 'vitest'

import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import { refuseEdits } from '../../support/sandbox/clip-steps.ts'
import { lockStore } from '../../support/store/locked-store.ts'
import { expectOutcome } from './outcome.ts'
import { setStage, type Stage } from './stage.ts'
import { uploads } from './step.ts'

const minutes = 60_000
/** After ten minutes Discord has forgotten the nonce, after twenty the interaction's token has expired. */
const delays = [0, 10 * minutes, 20 * minutes]
const newMessages = { method: 'POST', path: /^\/channels\/\d+\/messages$/ }
const posted = { outcome: 'posted', creates: 1 } as const

interface Posting {
  name: string
  crash: (stage: Stage) => Promise<Interaction>
}

/** Discord refuses to edit the card while the clip is rendering, so that the clip needs a new message. */
async function filmWithoutReply(stage: Stage): Promise<Interaction> {
  const { providers } = stage.sandbox
  providers.fal.jobs.hold('completion')
  const interaction = await stage.film()
  const card = await interaction.reply(({ text }) => text.includes('Rendering'))
  refuseEdits(stage.sandbox, card)
  providers.fal.jobs.release('completion')
  return interaction
}

/** The clip is sent to the card first, by both routes. */
function uploadsToNewMessage({ sandbox: { discord } }: Stage) {
  const isCard = (path: string) => path.endsWith(discord.guild.channel.messages()[0]?.id ?? '')
  return {
    ...uploads,
    when: ({ files, path }: { files: unknown[]; path: string }) => files.length > 0 && path.startsWith('/channels/') && !isCard(path),
  }
}

const postings: readonly Posting[] = [
  {
    name: 'after the clip is in the reply, before the state changes',
    crash: async (stage) => {
      const { faults, guild } = stage.sandbox.discord
      const upload = faults.hold(uploads)
      const bot = await stage.start()
      const interaction = await stage.film()
      await upload.arrived
      const unlock = lockStore(stage.sandbox)
      upload.release()
      await guild.channel.message(({ attachments }) => attachments.length > 0)
      await bot.kill()
      unlock()
      return interaction
    },
  },
  {
    name: 'before the new message is posted',
    crash: async (stage) => {
      const { faults } = stage.sandbox.discord
      const message = faults.hold(newMessages)
      const bot = await stage.start()
      const interaction = await filmWithoutReply(stage)
      await message.arrived
      await bot.kill()
      faults.failNext(newMessages, 'reset')
      message.release()
      return interaction
    },
  },
  {
    name: 'after the new message is posted, before its id is stored',
    crash: async (stage) => {
      const { faults, guild } = stage.sandbox.discord
      const message = faults.hold(newMessages)
      const bot = await stage.start()
      const interaction = await filmWithoutReply(stage)
      await message.arrived
      const unlock = lockStore(stage.sandbox)
      message.release()
      await guild.channel.message(({ text }) => text.includes('Your clip is ready'))
      await bot.kill()
      unlock()
      return interaction
    },
  },
  {
    name: 'after the id of the new message is stored, before the clip is in it',
    crash: async (stage) => {
      const { faults } = stage.sandbox.discord
      const bot = await stage.start()
      const upload = faults.hold(uploadsToNewMessage(stage))
      const interaction = await filmWithoutReply(stage)
      await upload.arrived
      await bot.kill()
      faults.failNext(uploads, 'reset')
      upload.release()
      return interaction
    },
  },
  {
    name: 'after the clip is in the new message, before the state changes',
    crash: async (stage) => {
      const { faults, guild } = stage.sandbox.discord
      const bot = await stage.start()
      const upload = faults.hold(uploadsToNewMessage(stage))
      const interaction = await filmWithoutReply(stage)
      await upload.arrived
      const unlock = lockStore(stage.sandbox)
      upload.release()
      await guild.channel.message(({ attachments }) => attachments.length > 0)
      await bot.kill()
      unlock()
      return interaction
    },
  },
]

for (const { name, crash } of postings) {
  describe(`a bot that is killed ${name}`, () => {
    it.each(delays)('and restarted %i ms later leaves one message with the clip', async (delayMs) => {
      const stage = await setStage()
      const interaction = await crash(stage)
      await stage.restart(delayMs)
      await expectOutcome(stage, interaction, posted)
      const messages = stage.sandbox.discord.guild.channel.messages()
      expect(messages.filter(({ attachments }) => attachments.length > 0)).toHaveLength(1)
      // Notified at most once, by whichever message.
      expect(messages.flatMap(({ notified }) => notified).length).toBeLessThanOrEqual(1)
    })
  })
}
