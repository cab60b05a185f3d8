import type { IncomingMessage, ServerResponse } from 'node:http'

import { z } from 'zod'

import { ApiError } from '../errors.ts'
import { parseBody } from '../http/body.ts'
import { ClientRefusal } from '../people/client-refusal.ts'
import type { Channel } from '../people/guild.ts'
import type { Interaction } from '../people/interaction.ts'
import type { Member } from '../people/member.ts'
import type { OptionValue, OptionValues } from '../people/options.ts'
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
    const events = /^\/sandbox\/interactions\/(\d+)\/events$/.exec(url.pathname)
    const interaction = request.method === 'GET' && events?.[1] ? this.#parts.world.interactions.get(events[1]) : undefined
    if (interaction) {
      const end = streamInteraction(interaction, response, this.#parts.world)
      this.#streams.add(end)
      response.once('close', () => this.#streams.delete(end))
      return
    }
    const { status, content } = await this.#answer(`${request.method ?? ''} ${url.pathname}`, body, request.headers['content-type'] ?? '')
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content))
  }

  /** Ends the streams that are still read. */
  close(): void {
    for (const end of this.#streams) end()
    this.#streams.clear()
  }

  async #answer(route: string, body: Buffer, contentType: string): Promise<ControlAnswer> {
    const { world, member } = this.#parts
    try {
      switch (route) {
        case 'GET /sandbox/commands':
          return { status: 200, content: [...world.commands.list(member.guildId), ...world.commands.list(undefined)] }
        case 'POST /sandbox/run':
          return await this.#act(() => this.#run(body, contentType))
        case 'POST /sandbox/press':
          return await this.#act(() => this.#press(body, contentType))
        default:
          return { status: 404, content: { error: 'There is nothing here' } }
      }
    } catch (error) {
      if (error instanceof z.ZodError) return { status: 400, content: { error: z.prettifyError(error) } }
      if (error instanceof ClientRefusal) return { status: 400, content: { error: error.message, option: error.option } }
      if (error instanceof ApiError) return { status: 400, content: { error: error.message } }
      throw error
    }
  }

  async #act(start: () => Promise<Interaction>): Promise<ControlAnswer> {
    if (!this.#parts.world.gateway.connected) return { status: 503, content: { error: 'No bot is connected' } }
    const interaction = await start()
    return { status: 200, content: { interactionId: interaction.id } }
  }

  async #run(body: Buffer, contentType: string): Promise<Interaction> {
    const { command, values, attachmentSizeLimit } = await readRun(body, contentType)
    return this.#parts.member.run(command, values, { channel: this.#parts.channel, attachmentSizeLimit })
  }

  async #press(body: Buffer, contentType: string): Promise<Interaction> {
    const { json } = await parseBody(body, contentType)
    const press = PressRequest.parse(json)
    const messageId = 'messageId' in press ? press.messageId : this.#parts.world.interactions.get(press.interactionId)?.originalId
    return this.#parts.member.press({ id: messageId ?? '' }, press.button)
  }
}

interface ControlAnswer {
  status: number
  content: unknown
}

/** JSON with files in base64, or multipart: `payload_json` with the rest, and each file in a field named like its option. */
async function readRun(
  body: Buffer,
  contentType: string,
): Promise<{ command: string; values: OptionValues; attachmentSizeLimit: number | undefined }> {
  const { json, files } = await parseBody(body, contentType)
  const run = RunRequest.parse(json)
  const values: Record<string, OptionValue> = {}
  for (const [name, value] of Object.entries(run.options)) {
    values[name] = typeof value === 'object' ? { name: value.name, bytes: Buffer.from(value.base64, 'base64') } : value
  }
  for (const file of files) values[file.field] = { name: file.name, bytes: file.bytes }
  return { command: run.command, values, attachmentSizeLimit: run.attachmentSizeLimit }
}
