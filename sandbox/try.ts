import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'

import { z } from 'zod'

import { discordPort } from './settings.ts'

/**
 * `npm run try -- animate ./image.png "slow push in"` or `npm run try -- film "a paper boat"`: acts as a member against the sandbox that runs, prints each change of
 * the card and leaves the posted clip in the folder. Options: --duration, --aspect, --negative, --guidance, --cancel-after SECONDS.
 */
const usage = `Usage:
  npm run try -- animate PICTURE "PROMPT" [--duration 5|10] [--negative TEXT] [--guidance 0..1]
  npm run try -- film "PROMPT" [--aspect 16:9|9:16|1:1] [--duration 5|10] [--negative TEXT] [--guidance 0..1]
  with --cancel-after SECONDS the Cancel button is pressed then`

const origin = `http://127.0.0.1:${discordPort}`

const Message = z.object({
  text: z.string(),
  ephemeral: z.boolean(),
  loading: z.boolean(),
  buttons: z.array(z.object({ label: z.string() })),
  attachments: z.array(z.object({ filename: z.string(), size: z.number(), url: z.string() })),
})

interface Order {
  command: string
  options: Record<string, string | number | { name: string; base64: string }>
  cancelAfterSeconds: number | undefined
}

function readOrder(): Order {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      duration: { type: 'string' },
      aspect: { type: 'string' },
      negative: { type: 'string' },
      guidance: { type: 'string' },
      'cancel-after': { type: 'string' },
    },
  })
  const [command, ...rest] = positionals
  const image = command === 'animate' ? rest.shift() : undefined
  const prompt = rest.join(' ')
  if ((command !== 'animate' && command !== 'film') || prompt === '' || (command === 'animate' && image === undefined))
    throw new Error(usage)
  return {
    command,
    options: {
      ...(image !== undefined && { image: { name: basename(image), base64: readFileSync(image).toString('base64') } }),
      prompt,
      ...(values.aspect !== undefined && { aspect: values.aspect }),
      ...(values.duration !== undefined && { duration: Number(values.duration) }),
      ...(values.negative !== undefined && { negative: values.negative }),
      ...(values.guidance !== undefined && { guidance: Number(values.guidance) }),
    },
    cancelAfterSeconds: values['cancel-after'] === undefined ? undefined : Number(values['cancel-after']),
  }
}

async function post(path: string, content: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${origin}${path}`, { method: 'POST', headers, body: JSON.stringify(content) }).catch(() => undefined)
  if (!response) throw new Error(`No sandbox answers at ${origin}: start it with \`npm start\` in another terminal.`)
  const answer: unknown = await response.json()
  if (!response.ok) throw new Error(z.object({ error: z.string() }).parse(answer).error)
  return answer
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

type Print = (heading: string, text: string) => void

/** Prints what changed; an edit that changes nothing a person sees is not told again. */
function createPrint(): Print {
  let last = ''
  return (heading, text) => {
    if (text === last) return
    last = text
    const time = new Date().toISOString().slice(11, 19)
    console.log(`\n${time}  ${heading}\n${text.replaceAll(/^/gm, '          ')}`)
  }
}

/** True once nothing more is to come: the clip is there, or the card has lost its button for good. */
async function show(event: string, content: unknown, print: Print): Promise<boolean> {
  if (event === 'acknowledged') return false
  if (event === 'reply-deleted') {
    print('the reply was deleted', '')
    return false
  }
  const message = Message.parse(content)
  if (message.loading) return false
  const buttons = message.buttons.map(({ label }) => `[ ${label} ]`)
  print(message.ephemeral ? 'for you alone' : event === 'reply' ? 'the card' : 'a message', [message.text, ...buttons].join('\n'))
  for (const attachment of message.attachments) {
    const clip = await fetch(attachment.url)
    writeFileSync(attachment.filename, Buffer.from(await clip.arrayBuffer()))
    console.log(`\n          posted: ${attachment.filename} (${attachment.size} bytes), saved here`)
  }
  return message.attachments.length > 0 || message.ephemeral
}

async function main(): Promise<void> {
  const order = readOrder()
  const print = createPrint()
  const { interactionId } = z
    .object({ interactionId: z.string() })
    .parse(await post('/sandbox/run', { command: order.command, options: order.options }))
  const pressing =
    order.cancelAfterSeconds === undefined
      ? undefined
      : setTimeout(
          () => void post('/sandbox/press', { interactionId, button: 'Cancel' }).catch((error: unknown) => console.error(String(error))),
          order.cancelAfterSeconds * 1000,
        )
  for await (const { event, content } of readEvents(interactionId)) if (await show(event, content, print)) break
  clearTimeout(pressing)
}

try {
  await main()
  process.exit(0)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exit(1)
}
