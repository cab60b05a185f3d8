import { writeFileSync } from 'node:fs'

import { z } from 'zod'

import { createCardPrinter } from './card-printer.ts'
import { liveCheck } from './live-check.ts'
import { NoSandboxError } from './running.ts'
import { discordPort } from './settings.ts'
import { readTryArguments } from './try-arguments.ts'

const origin = `http://127.0.0.1:${discordPort}`

const Message = z.object({
  text: z.string(),
  ephemeral: z.boolean(),
  loading: z.boolean(),
  buttons: z.array(z.object({ label: z.string() })),
  attachments: z.array(z.object({ filename: z.string(), size: z.number(), url: z.string() })),
})

async function post(path: string, content: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${origin}${path}`, { method: 'POST', headers, body: JSON.stringify(content) }).catch(() => undefined)
  if (!response) throw new NoSandboxError(origin)
  const body: unknown = await response.json()
  if (!response.ok) throw new Error(z.object({ error: z.string() }).parse(body).error)
  return body
}

async function* readEvents(interactionId: string): AsyncGenerator<{ event: string; content: unknown }> {
  const response = await fetch(`${origin}/sandbox/interactions/${interactionId}/events`)
  if (!response.body) return
  let text = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const records = text.split('\n\n')
    text = records.pop() ?? ''
    for (const record of records) {
      const event = /^event: (.*)$/m.exec(record)?.[1] ?? ''
      yield { event, content: JSON.parse(/^data: (.*)$/m.exec(record)?.[1] ?? 'null') as unknown }
    }
  }
}

async function saveClips(attachments: z.infer<typeof Message>['attachments']): Promise<void> {
  for (const { filename, size, url } of attachments) {
    const response = await fetch(url)
    writeFileSync(filename, Buffer.from(await response.arrayBuffer()))
    console.log(`\n  -> ${filename}: ${size} bytes, saved in the current folder`)
  }
}

/** `npm run try`: acts as a member of the running sandbox, prints each change of the card and saves the posted clip in the current folder. */
async function main(): Promise<void> {
  const read = readTryArguments(process.argv.slice(2))
  if (read === 'live-check') {
    console.log(liveCheck)
    return
  }
  const { command, options, cancelAfterSeconds } = read
  const started = await post('/sandbox/run', { command, options })
  const { interactionId } = z.object({ interactionId: z.string() }).parse(started)
  const cancel = () =>
    void post('/sandbox/press', { interactionId, button: 'Cancel' }).catch((error: unknown) => console.error(String(error)))
  const cancelling = cancelAfterSeconds === undefined ? undefined : setTimeout(cancel, cancelAfterSeconds * 1000)
  const print = createCardPrinter()
  for await (const { event, content } of readEvents(interactionId)) {
    if (event === 'acknowledged') continue
    const message = Message.parse(content)
    if (event === 'reply-deleted') console.log('\n  the card was deleted')
    if (message.loading || event.endsWith('-deleted')) continue
    const heading = message.ephemeral ? 'only you can see this' : event === 'reply' ? 'the card' : 'a message'
    print(`${new Date().toISOString().slice(11, 19)}  ${heading}`, message)
    await saveClips(message.attachments)
    // Nothing follows a clip, nor a refusal, which is ephemeral.
    if (message.attachments.length > 0 || message.ephemeral) break
  }
  clearTimeout(cancelling)
}

try {
  await main()
  process.exit(0)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exit(1)
}
