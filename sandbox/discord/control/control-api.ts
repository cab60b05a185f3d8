import type { IncomingMessage, ServerResponse } from 'node:http'

import { z } from 'zod'

import { parseBody } from '../http/body.ts'
import { ApiError } from '../model/errors.ts'
import { ClientRefusal } from '../people/client-refusal.ts'
import type { Interaction } from '../people/interaction.ts'
import type { Member } from '../people/member.ts'
import type { OptionValue, OptionValues } from '../people/options.ts'
import type { World } from '../world/world.ts'
import { streamInteraction } from './event-stream.ts'
import { PressRequest, RunRequest, SuggestRequest } from './requests.ts'

/** How long a client waits for suggestions. */
const suggestionTimeoutMs = 3000

interface ControlResponse {
  status: number
  content: unknown
}

/**
 * `GET /sandbox/bot` is where a bot signs in to this Discord, and with what. Lets another process act as a member: `POST /sandbox/run`,
 * `POST /sandbox/press`, `POST /sandbox/suggest`, `GET /sandbox/interactions/:id/events`. Refusals are 400 with `{ error }`. The bodies are in requests.ts.
 */
export class ControlApi {
  readonly #world: World
  readonly #member: Member
  readonly #streams = new Set<() => void>()
  readonly #closing = new AbortController()

  constructor(world: World, member: Member) {
    this.#world = world
    this.#member = member
  }

  async receive(request: IncomingMessage, response: ServerResponse, url: URL, body: Buffer): Promise<void> {
    const events = /^\/sandbox\/interactions\/(\d+)\/events$/.exec(url.pathname)
    const interaction = request.method === 'GET' && events?.[1] ? this.#world.interactions.get(events[1]) : undefined
    if (interaction) {
      const end = streamInteraction(interaction, response, this.#world)
      this.#streams.add(end)
      response.once('close', () => this.#streams.delete(end))
      return
    }
    if (request.method === 'GET' && url.pathname === '/sandbox/bot') {
      send(response, { status: 200, content: { api: `${this.#world.origin}/api`, token: this.#world.botToken } })
      return
    }
    send(response, await this.#respond(`${request.method ?? ''} ${url.pathname}`, body))
  }

  /** Ends the open event streams and the pending suggestions. */
  close(): void {
    this.#closing.abort()
    for (const end of this.#streams) end()
    this.#streams.clear()
  }

  async #respond(endpoint: string, body: Buffer): Promise<ControlResponse> {
    const actions: Record<string, (json: unknown) => Promise<unknown>> = {
      'POST /sandbox/run': (json) => this.#run(json),
      'POST /sandbox/press': (json) => this.#press(json),
      'POST /sandbox/suggest': (json) => this.#suggest(json),
    }
    const act = actions[endpoint]
    if (!act) return { status: 404, content: { error: 'There is nothing here' } }
    if (!this.#world.gateway.connected) return { status: 503, content: { error: 'No bot is connected' } }
    try {
      const { json } = await parseBody(body, 'application/json')
      return { status: 200, content: await act(json) }
    } catch (error) {
      if (error instanceof z.ZodError) return { status: 400, content: { error: z.prettifyError(error) } }
      if (error instanceof ClientRefusal) return { status: 400, content: { error: error.message, option: error.option } }
      if (error instanceof ApiError) return { status: 400, content: { error: error.message } }
      throw error
    }
  }

  async #run(json: unknown): Promise<unknown> {
    const { command, options } = RunRequest.parse(json)
    return started(await this.#member.run(command, decodeFiles(options)))
  }

  async #press(json: unknown): Promise<unknown> {
    const { interactionId, button } = PressRequest.parse(json)
    const messageId = this.#world.interactions.get(interactionId)?.originalId
    return started(await this.#member.press({ id: messageId ?? '' }, button))
  }

  async #suggest(json: unknown): Promise<unknown> {
    const { command, options, focused, typed } = SuggestRequest.parse(json)
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(suggestionTimeoutMs)])
    try {
      return { choices: await this.#member.suggest(command, decodeFiles(options), { focused, typed, signal }) }
    } catch (error) {
      if (signal.aborted) throw new ClientRefusal('loading the options failed')
      throw error
    }
  }
}

function send(response: ServerResponse, { status, content }: ControlResponse): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content))
}

function started({ id }: Interaction): unknown {
  return { interactionId: id }
}

function decodeFiles(options: z.infer<typeof RunRequest>['options']): OptionValues {
  const values: Record<string, OptionValue> = {}
  for (const [name, value] of Object.entries(options)) {
    values[name] = typeof value === 'object' ? { name: value.name, bytes: Buffer.from(value.base64, 'base64') } : value
  }
  return values
}
