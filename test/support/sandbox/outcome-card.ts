import { showsClip } from '../../chaos/shared/shown-clip.ts'
import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import type { ShownMessage } from '../../../sandbox/discord/people/shown-message.ts'

/** The card of any outcome, so that a test fails at once on an unexpected one instead of waiting for its own. */
export function outcomeCard(interaction: Interaction): Promise<ShownMessage> {
  return interaction.reply(
    ({ components, text }) => showsClip(components) || /^\*\*(?:Cancelled|Failed|On hold|Clip posted)\*\*/.test(text),
  )
}
