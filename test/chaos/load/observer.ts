import { z } from 'zod'

import { showsClip } from '../shared/shown-clip.ts'
import type { ChaosSandbox } from '../sandbox/sandbox.ts'

const Shown = z.object({
  id: z.string(),
  text: z.string(),
  loading: z.boolean(),
  ephemeral: z.boolean(),
  components: z.array(z.unknown()),
})
type Shown = z.infer<typeof Shown>

/** What the member sees. */
export type Observation = 'nothing' | 'in progress' | 'clip' | 'not made' | 'cancelled' | 'on hold' | 'refused' | 'gone'

const outcomes: readonly [RegExp, Observation][] = [
  [/^\*\*Failed\*\*/, 'not made'],
  [/^\*\*Cancelled\*\*/, 'cancelled'],
  [/^\*\*On hold\*\*/, 'on hold'],
]

/** What a refused member reads until the private message arrives. */
const notAccepted = /^The bot didn't accept this request\./

/** A message in place of a card, private unless Discord took none. */
export interface Refused {
  text: string
  /** Milliseconds since the epoch. */
  at: number
}

/** Follows one interaction over HTTP, as the member does. */
export class Observer {
  readonly interactionId: string
  #reply: Observation = 'nothing'
  #replyId: string | undefined
  /** Was there ever more than a placeholder? */
  #shown = false
  #deleted = false
  #messageId: string | undefined
  #isPosted = false
  #refusal: Refused | undefined
  readonly #closed = new AbortController()
  readonly #mark: string
  readonly #onChange: () => void

  constructor(
    sandbox: { discord: Pick<ChaosSandbox['discord'], 'origin'> },
    { interactionId, mark, onChange }: { interactionId: string; mark: string; onChange: () => void },
  ) {
    this.interactionId = interactionId
    this.#mark = mark
    this.#onChange = onChange
    void this.#follow(`${sandbox.discord.origin}/sandbox/interactions/${interactionId}/events`)
  }

  get replyId(): string | undefined {
    return this.#replyId
  }

  get observation(): Observation {
    if (this.#isPosted) return 'clip'
    if (this.#refusal && (this.#deleted || this.#reply === 'nothing')) return 'refused'
    return this.#deleted ? 'gone' : this.#reply
  }

  /** Whether the reply is gone. */
  get isDeleted(): boolean {
    return this.#deleted
  }

  get refusal(): Refused | undefined {
    return this.#refusal
  }

  /** Has the bot shown a card or a private message? */
  get isAnswered(): boolean {
    return this.#isPosted || this.#refusal !== undefined || this.#shown
  }

  /** Has the member seen an outcome? */
  get over(): boolean {
    return ['clip', 'not made', 'cancelled', 'on hold', 'refused'].includes(this.observation)
  }

  close(): void {
    this.#closed.abort()
  }

  /** The client ends a stream on which nothing happens for minutes; a new one begins with the present state. */
  async #follow(url: string): Promise<void> {
    while (!this.#closed.signal.aborted) await this.#read(url).catch(() => undefined)
  }

  async #read(url: string): Promise<void> {
    const response = await fetch(url, { signal: this.#closed.signal })
    let text = ''
    for await (const chunk of (response.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream())) {
      text += chunk
      const records = text.split('\n\n')
      text = records.pop() ?? ''
      for (const record of records) {
        const event = /^event: (.*)$/m.exec(record)?.[1] ?? ''
        this.#see(event, JSON.parse(/^data: (.*)$/m.exec(record)?.[1] ?? 'null'))
      }
    }
  }

  #see(event: string, content: unknown): void {
    if (event === 'acknowledged') return
    const message = Shown.parse(content)
    if (event === 'reply') {
      this.#replyId = message.id
      this.#reply = observationOf(message)
      this.#shown ||= this.#reply !== 'nothing'
      // Refused before the acknowledgement: the reply itself is private. Afterwards: it is public only where no private message arrived.
      if (message.ephemeral || this.#reply === 'refused') {
        this.#reply = 'refused'
        this.#refuse(message.text)
      }
    } else if (event === 'reply-deleted') this.#deleted = true
    else if (event === 'follow-up' && message.ephemeral) this.#refuse(message.text)
    else if (event === 'message' && (message.id === this.#messageId || message.text.includes(this.#mark))) {
      this.#messageId = message.id
      this.#isPosted = showsClip(message.components)
    }
    this.#onChange()
  }

  #refuse(text: string): void {
    this.#refusal ??= { text, at: Date.now() }
  }
}

function observationOf(message: Shown): Observation {
  if (message.loading || notAccepted.test(message.text)) return 'nothing'
  if (showsClip(message.components)) return 'clip'
  // A card has components.
  if (message.components.length === 0) return 'refused'
  return outcomes.find(([words]) => words.test(message.text))?.[1] ?? 'in progress'
}
