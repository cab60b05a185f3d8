import { type ScriptedDiscord, startScriptedDiscord } from '../../support/discord/scripted-discord.ts'
import { ids } from './example-generation.ts'

/** A scripted Discord that knows the ids of the example generation. */
export function startExampleDiscord(): Promise<ScriptedDiscord> {
  return startScriptedDiscord({ applicationId: ids.application, guildId: ids.guild, replyId: ids.reply, messageIds: [ids.fresh] })
}
