import { showsClip } from '../chaos/shared/shown-clip.ts'
import type { Interaction } from '../../sandbox/discord/people/interaction.ts'
import type { ShownMessage } from '../../sandbox/discord/people/shown-message.ts'

/** The card once it has come to any end, so that a test of one end sees another as wrong at once instead of waiting in vain. */
export function lastWord(interaction: Interaction): Promise<ShownMessage> {
  return interaction.reply(
    ({ components, text }) => showsClip(components) || /^\*\*(?:Cancelled|Failed|On hold|Clip posted)\*\*/.test(text),
  )
}
