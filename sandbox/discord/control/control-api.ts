import type { IncomingMessage, ServerResponse } from 'node:http'

import { z } from 'zod'

import { parseBody } from '../http/body.ts'
import { ApiError } from '../model/errors.ts'
import type { UploadedFile } from '../model/uploaded-file.ts'
import { ClientRefusal } from '../people/client-refusal.ts'
import type { Channel } from '../people/guild.ts'
import type { Interaction } from '../people/interaction.ts'
import type { Member } from '../people/member.ts'
import type { OptionValue, OptionValues } from '../people/options.ts'
import type { World } from '../world/world.ts'
import { streamInteraction } from './event-stream.ts'
import { PressRequest, RunRequest, SuggestRequest } from './requests.ts'

/** How long a client waits for choices. */
const patienceMs = 3000

export interface ControlContext {
  world: World
  /** Who acts, and where. */
  member: Member
  channel: Channel
}

/**
 * Lets another process act as a member: `GET /sandbox/commands`, `POST /sandbox/run`, `POST /sandbox/press`, `POST /sandbox/suggest`,
 * `GET /sandbox/interactions/:id/events`. Refusals are 400 with `{ error }`. The bodies are in requests.ts; files stand in them in base64,
 * or beside them as multipart: `payload_json` with the rest, and each file in a field named like its option.
 */
export class ControlApi {
  readonly #parts: ControlContext
  readonly #streams = new Set<() => void>()
  readonly #closing = new AbortController()

  constructor(context: ControlContext) {
    this.#parts = context
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

  /** Ends the streams that are still read, and what still waits. */
  close(): void {
    this.#closing.abort()
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
          return await this.#act(async () => started(await this.#run(body, contentType)))
        case 'POST /sandbox/press':
          return await this.#act(async () => started(await this.#press(body, contentType)))
        case 'POST /sandbox/suggest':
          return await this.#act(() => this.#suggest(body, contentType))
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

  async #act(act: () => Promise<unknown>): Promise<ControlAnswer> {
    if (!this.#parts.world.gateway.connected) return { status: 503, content: { error: 'No bot is connected' } }
    return { status: 200, content: await act() }
  }

  async #run(body: Buffer, contentType: string): Promise<Interaction> {
    const { json, files } = await parseBody(body, contentType)
    const { command, options, attachmentSizeLimit } = RunRequest.parse(json)
    return this.#parts.member.run(command, valuesOf(options, files), { channel: this.#parts.channel, attachmentSizeLimit })
  }

  async #suggest(body: Buffer, contentType: string): Promise<unknown> {
    const { json, files } = await parseBody(body, contentType)
    const { command, options, focused, typed } = SuggestRequest.parse(json)
    // Nobody waits for a bot that says nothing: a client gives up after the three seconds, too.
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(patienceMs)])
    const { channel, member } = this.#parts
    try {
      return { choices: await member.suggest(command, valuesOf(options, files), { focused, typed, channel, signal }) }
    } catch (error) {
      if (signal.aborted) throw new ClientRefusal('loading the options failed')
      throw error
    }
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

function started({ id }: Interaction): unknown {
  return { interactionId: id }
}

function valuesOf(options: z.infer<typeof RunRequest>['options'], files: readonly UploadedFile[]): OptionValues {
  const values: Record<string, OptionValue> = {}
  for (const [name, value] of Object.entries(options)) {
    values[name] = typeof value === 'object' ? { name: value.name, bytes: Buffer.from(value.base64, 'base64') } : value
  }
  for (const file of files) values[file.field] = { name: file.name, bytes: file.bytes }
  return values
}
