import type { ServerResponse } from 'node:http'

import type { Change } from '../model/changes.ts'
import type { StoredInteraction } from '../model/interaction.ts'
import type { StoredMessage } from '../model/message.ts'
import { showMessage } from '../people/shown-message.ts'
import type { World } from '../world/world.ts'

/**
 * Tells one interaction as server-sent events until the reader goes away: first where it stands, then every change. Events: `acknowledged`
 * {type}, `reply`, `reply-deleted`, `follow-up`, `follow-up-deleted`, and `message` for what the bot posts into the channel with its own
 * token; all but the first carry a message as people see it.
 * @returns ends the stream
 */
export function streamInteraction(interaction: StoredInteraction, response: ServerResponse, world: World): () => void {
  let acknowledged = false
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const send = (event: string, content: unknown) => response.write(`event: ${event}\ndata: ${JSON.stringify(content)}\n\n`)
  const tell = (message: StoredMessage) => {
    const event = eventFor(message, interaction)
    if (event) send(event, showMessage(message, world))
  }
  const tellAcknowledgement = () => {
    if (acknowledged || interaction.callbackType === undefined) return
    acknowledged = true
    send('acknowledged', { type: interaction.callbackType })
  }

  tellAcknowledgement()
  for (const id of [interaction.originalId, ...interaction.followUpIds]) {
    const message = id === undefined ? undefined : world.messages.everStored(id)
    if (message) tell(message)
  }
  // A message is announced before its interaction knows it, so what is new is told at the announcement that follows.
  const told = new Set([interaction.originalId, ...interaction.followUpIds])
  const unsubscribe = world.changes.subscribe((change: Change) => {
    if (change.kind === 'acknowledged' && change.interactionId === interaction.id) {
      tellAcknowledgement()
      for (const id of [interaction.originalId, ...interaction.followUpIds]) {
        const message = id === undefined || told.has(id) ? undefined : world.messages.everStored(id)
        if (message) tell(message)
        told.add(id)
      }
    }
    if (change.kind === 'message') tell(change.message)
  })
  response.once('close', unsubscribe)
  return () => {
    unsubscribe()
    response.end()
  }
}

function eventFor(message: StoredMessage, interaction: StoredInteraction): string | undefined {
  if (message.id === interaction.originalId) return message.deleted ? 'reply-deleted' : 'reply'
  if (interaction.followUpIds.includes(message.id)) return message.deleted ? 'follow-up-deleted' : 'follow-up'
  return message.interaction === undefined && message.channelId === interaction.channelId && !message.deleted ? 'message' : undefined
}
