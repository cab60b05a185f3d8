import { expect, onTestFinished, test } from 'vitest'

import { noteOf } from '../../../src/discord/cards/components.ts'
import type { EditOptions } from '../../../src/discord/rest/messages.ts'
import { createMessages } from '../../../src/discord/rest/messages.ts'
import type { Deadline } from '../../../src/lib/deadline.ts'
import { startExampleDiscord } from '../support/example-discord.ts'
import { exampleGeneration, ids } from '../support/example-generation.ts'
import { openRestClients } from '../../support/discord/rest-clients.ts'

/** Over, although its signal is not aborted yet: as in a process that was suspended and handles its sockets before its timers. */
function deadline({ isOver }: { isOver: boolean }): Deadline {
  const throwIfOver = () => {
    if (isOver) throw new DOMException('over', 'TimeoutError')
  }
  return { signal: new AbortController().signal, throwIfOver }
}

test.each<[string, (given: Deadline) => EditOptions]>([
  ['progress', (given) => ({ bestEffort: given })],
  ['an outcome', (given) => ({ deadline: given })],
])('a call with %s that waited for its connection until the deadline was over does not leave', async (_, optionsFor) => {
  const discord = await startExampleDiscord()
  onTestFinished(() => discord.close())
  const clients = openRestClients({ api: discord.api, botToken: 'bot-token-of-the-test', onTokenRejected: () => undefined })
  onTestFinished(() => clients.close())
  const messages = createMessages(clients)
  const body = noteOf('outdated')
  const late = optionsFor(deadline({ isOver: true }))
  const edits = [
    () => messages.editReply(exampleGeneration().reply, body, late),
    () => messages.editMessage({ channelId: ids.channel, messageId: ids.reply }, body, late),
  ]
  for (const edit of edits) await expect(edit()).rejects.toMatchObject({ name: 'TimeoutError' })
  // One that is not over leaves, on the connection that is open by now.
  await messages.editReply(exampleGeneration().reply, body, optionsFor(deadline({ isOver: false })))
  expect(discord.calls).toHaveLength(1)
})
