import { PermissionFlagsBits } from 'discord.js'

import { cancelButtonName } from '../src/discord/cards/status-card.ts'
import type { Button } from '../src/discord/interactions/command.ts'
import { Refusal } from '../src/domain/refusal.ts'

/** The button on a card, for the requester and for members who may manage messages. */
export const cancel = {
  name: cancelButtonName,
  acknowledge: 'update',
  async execute(interaction, generationId, { clipService }) {
    if (interaction.guildId === null) throw new Refusal('generation-unknown')
    await clipService.cancel(generationId, {
      memberId: interaction.user.id,
      guildId: interaction.guildId,
      mayManageMessages: interaction.memberPermissions?.has(PermissionFlagsBits.ManageMessages) ?? false,
    })
  },
} satisfies Button
