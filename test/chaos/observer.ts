import { z } from 'zod'

import { showsClip } from './shown-clip.ts'
import type { World } from './world.ts'

const Shown = z.object({
  id: z.string(),
  text: z.string(),
  loading: z.boolean(),
  ephemeral: z.boolean(),
  components: z.array(z.unknown()),
})
type Shown = z.infer<typeof Shown>

/** What the member has before their eyes. */
export type Observation = 'nothing' | 'at work' | 'clip' | 'not made' | 'cancelled' | 'on hold' | 'refused' | 'gone'

const endings: readonly [RegExp, Observation][] = [
  [/^\*\*Not made\*\*/, 'not made'],
  [/^\*\*Cancelled\*\*/, 'cancelled'],
  [/^\*\*On hold\*\*/, 'on hold'],
]

/** Looks at one interaction over HTTP for as long as it is open, as the member does. */
export class Observer {
  readonly interactionId: string
  #reply: Observation = 'nothing'
  #replyId: string | undefined
  #deleted = false
  #elsewhereId: string | undefined
  #elsewhere = false
  #told = ''
  readonly #closed = new AbortController()
  readonly #mark: string
  readonly #onChange: () => void

  constructor(
    world: { discord: Pick<World['discord'], 'origin'> },
    { interactionId, mark, onChange }: { interactionId: string; mark: string; onChange: () => void },
  ) {
    this.interactionId = interactionId
    this.#mark = mark
    this.#onChange = onChange
    this.#read(`${world.discord.origin}/sandbox/interactions/${interactionId}/events`).catch((error: unknown) => {
      if (!this.#closed.signal.aborted) console.error(error)
    })
  }

  get replyId(): string | undefined {
    return this.#replyId
  }

  get observation(): Observation {
    if (this.#elsewhere) return 'clip'
    if (!this.#deleted) return this.#reply
    if (this.#told === '') return 'gone'
    return this.#told.includes('not made') ? 'not made' : 'refused'
  }

  /** Is there nothing more to come? */
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
    else if (event === 'follow-up' && message.ephemeral) this.#told = message.text
    else if (event === 'message' && (message.id === this.#elsewhereId || message.text.includes(this.#mark))) {
      this.#elsewhereId = message.id
      this.#elsewhere = showsClip(message.components)
    }
    this.#onChange()
  }
}

function observationOf(message: Shown): Observation {
  if (message.loading) return 'nothing'
  if (showsClip(message.components)) return 'clip'
  return endings.find(([words]) => words.test(message.text))?.[1] ?? 'at work'
}
