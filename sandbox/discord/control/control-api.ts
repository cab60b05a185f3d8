import type { IncomingMessage, ServerResponse } from 'node:http'

import { z } from 'zod'

import { ApiError } from '../errors.ts'
import { parseBody } from '../http/body.ts'
import { ClientRefusal } from '../people/client-refusal.ts'
import type { Channel } from '../people/guild.ts'
import type { Member } from '../people/member.ts'
import type { OptionValues } from '../people/options.ts'
import type { World } from '../world.ts'
import { streamInteraction } from './event-stream.ts'
import { PressRequest, RunRequest } from './requests.ts'

export interface ControlParts {
  world: World
  /** Who acts, and where. */
  member: Member
  channel: Channel
}

/**
 * Lets another process act as a member: `GET /sandbox/commands`, `POST /sandbox/run`, `POST /sandbox/press`,
 * `GET /sandbox/interactions/:id/events`. Refusals are 400 with `{ error }`.
 */
export class ControlApi {
  readonly #parts: ControlParts
  readonly #streams = new Set<() => void>()

  constructor(parts: ControlParts) {
    this.#parts = parts
  }

  async receive(request: IncomingMessage, response: ServerResponse, url: URL, body: Buffer): Promise<void> {
    try {
      await this.#route(request, response, url.pathname, body)
    } catch (error) {
      if (error instanceof z.ZodError) return reply(response, 400, { error: z.prettifyError(error) })
      if (error instanceof ClientRefusal) return reply(response, 400, { error: error.message, option: error.option })
      if (error instanceof ApiError) return reply(response, 400, { error: error.message })
      throw error
    }
  }

  /** Ends the streams that are still read. */
  close(): void {
    for (const end of this.#streams) end()
    this.#streams.clear()
  }

  async #route(request: IncomingMessage, response: ServerResponse, path: string, body: Buffer): Promise<void> {
    const { world, member, channel } = this.#parts
    const { method } = request
    if (method === 'GET' && path === '/sandbox/commands') {
      return reply(response, 200, [...world.commands.list(member.guildId), ...world.commands.list(undefined)])
    }
    if (method === 'POST' && path === '/sandbox/run') {
      if (!world.gateway.connected) return reply(response, 503, { error: 'No bot is connected' })
      const { command, values, attachmentSizeLimit } = await readRun(body, request.headers['content-type'] ?? '')
      const interaction = await member.run(command, values, { channel, attachmentSizeLimit })
      return reply(response, 200, { interactionId: interaction.id })
    }
    if (method === 'POST' && path === '/sandbox/press') {
      if (!world.gateway.connected) return reply(response, 503, { error: 'No bot is connected' })
      const { json } = await parseBody(body, request.headers['content-type'] ?? '')
      const press = PressRequest.parse(json)
      const messageId = 'messageId' in press ? press.messageId : world.interactions.get(press.interactionId)?.originalId
      const interaction = await member.press({ id: messageId ?? '' }, press.button)
      return reply(response, 200, { interactionId: interaction.id })
    }
    const events = /^\/sandbox\/interactions\/(\d+)\/events$/.exec(path)
    const interaction = method === 'GET' && events?.[1] ? world.interactions.get(events[1]) : undefined
    if (!interaction) return reply(response, 404, { error: 'There is nothing here' })
    const end = streamInteraction(interaction, response, world)
    this.#streams.add(end)
    response.once('close', () => this.#streams.delete(end))
  }
}

/** JSON with files in base64, or multipart: `payload_json` with the rest, and each file in a field named like its option. */
async function readRun(body: Buffer, contentType: string): Promise<{ command: string; values: OptionValues; attachmentSizeLimit: number | undefined }> {
  const { json, files } = await parseBody(body, contentType)
  const run = RunRequest.parse(json)
  const fromJson = Object.entries(run.options).map(([name, value]) => [name, typeof value === 'object' ? { name: value.name, bytes: Buffer.from(value.base64, 'base64') } : value] as const)
  const fromForm = files.map((file) => [file.field, { name: file.name, bytes: file.bytes }] as const)
  return { command: run.command, values: Object.fromEntries([...fromJson, ...fromForm]), attachmentSizeLimit: run.attachmentSizeLimit }
}

function reply(response: ServerResponse, status: number, content: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content))
}
