import type { ServerResponse } from 'node:http'

import type { StoredInteraction } from '../model/interaction.ts'
import type { StoredMessage } from '../model/message.ts'
import { showMessage } from '../people/shown-message.ts'
import type { World } from '../world/world.ts'

/**
 * Streams an interaction as server-sent events until the client disconnects: first its present state, then every change. Events: `acknowledged`
 * {type}, `reply`, `reply-deleted`, `follow-up`, `follow-up-deleted`, and `message` for what the bot posts into the channel with its own
 * token; all but the first carry a message as people see it.
 * @returns ends the stream
 */
export function streamInteraction(interaction: StoredInteraction, response: ServerResponse, world: World): () => void {
  const send = (event: string, content: unknown) => response.write(`event: ${event}\ndata: ${JSON.stringify(content)}\n\n`)
  const sendMessage = (message: StoredMessage) => {
    const event = eventFor(message, interaction)
    if (event) send(event, showMessage(message, world))
  }
  let acknowledged = false
  const sent = new Set<string>()
  const sendNews = () => {
    if (!acknowledged && interaction.callbackType !== undefined) {
      acknowledged = true
      send('acknowledged', { type: interaction.callbackType })
    }
    for (const id of [interaction.originalId ?? [], ...interaction.followUpIds].flat()) {
      const message = sent.has(id) ? undefined : world.messages.everStored(id)
      sent.add(id)
      if (message) sendMessage(message)
    }
  }

  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  sendNews()
  const unsubscribe = world.changes.subscribe((change) => {
    // A new message is announced before its interaction refers to it; `acknowledged` follows when it does.
    if (change.kind === 'acknowledged' && change.interactionId === interaction.id) sendNews()
    if (change.kind === 'message') sendMessage(change.message)
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
  const isOfChannel = message.interaction === undefined && message.channelId === interaction.channelId
  return isOfChannel && !message.deleted ? 'message' : undefined
}
