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

/** Follows one interaction over HTTP, as the member does. */
export class Observer {
  readonly interactionId: string
  #reply: Observation = 'nothing'
  #replyId: string | undefined
  #deleted = false
  #messageId: string | undefined
  #isPosted = false
  #refusal = ''
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
    this.#read(`${sandbox.discord.origin}/sandbox/interactions/${interactionId}/events`).catch((error: unknown) => {
      if (!this.#closed.signal.aborted) console.error(error)
    })
  }

  get replyId(): string | undefined {
    return this.#replyId
  }

  get observation(): Observation {
    if (this.#isPosted) return 'clip'
    if (!this.#deleted) return this.#reply
    return this.#refusal === '' ? 'gone' : 'refused'
  }

  /** Has the member seen an outcome? */
  get over(): boolean {
    return ['clip', 'not made', 'cancelled', 'on hold', 'refused'].includes(this.observation)
  }

  close(): void {
    this.#closed.abort()
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
    } else if (event === 'reply-deleted') this.#deleted = true
    else if (event === 'follow-up' && message.ephemeral) this.#refusal = message.text
    else if (event === 'message' && (message.id === this.#messageId || message.text.includes(this.#mark))) {
      this.#messageId = message.id
      this.#isPosted = showsClip(message.components)
    }
    this.#onChange()
  }
}

function observationOf(message: Shown): Observation {
  if (message.loading) return 'nothing'
  if (showsClip(message.components)) return 'clip'
  return outcomes.find(([words]) => words.test(message.text))?.[1] ?? 'in progress'
}
