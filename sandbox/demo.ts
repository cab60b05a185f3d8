import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { reconcile } from './reconciliation.ts'
import { inspectClip } from './clips/inspect-clip.ts'
import type { OptionValues } from './discord/people/options.ts'
import type { ShownMessage } from './discord/people/shown-message.ts'
import { type Sandbox, startSandbox } from './sandbox.ts'

/**
 * `npm run demo`: no input, no key, no cost. The sandbox and the bot start, a member makes a clip from an image and one from words, every change of the card is
 * printed, the posted MP4s land in ./demo/, and the bot's wallets are laid beside the providers' invoices.
 */
const folder = fileURLToPath(new URL('../demo/', import.meta.url))
const image = readFileSync(new URL('./assets/paper-boat.jpg', import.meta.url))
const patienceMs = 180_000

interface Scene {
  command: 'animate' | 'film'
  options: OptionValues
  file: string
  seconds: number
}

const scenes: readonly Scene[] = [
  {
    command: 'animate',
    options: {
      image: { name: 'paper-boat.jpg', bytes: image },
      prompt: 'The paper boat drifts towards the sun, slow push in',
      duration: 10,
    },
    file: 'animate.mp4',
    seconds: 10,
  },
  {
    command: 'film',
    options: { prompt: 'A lighthouse in a storm at night, waves against the rocks', aspect: '16:9', duration: 5 },
    file: 'film.mp4',
    seconds: 5,
  },
]

async function play(scene: Scene, { discord }: Sandbox): Promise<void> {
  const words = Object.entries(scene.options).map(([name, value]) => `${name}: ${typeof value === 'object' ? value.name : String(value)}`)
  console.log(`\n/${scene.command} ${words.join(' ')}`)
  const startedAt = Date.now()
  const signal = AbortSignal.timeout(patienceMs)
  const interaction = await discord.member.run(scene.command, scene.options)
  const finished = interaction.reply((message) => message.attachments.length > 0, { signal })
  const refused = interaction.followUp(undefined, { signal }).then((message) => {
    throw new Error(`the bot said: ${message.text}`)
  })
  const printer = await interaction.reply(undefined, { signal }).then((first) => printChanges(first, startedAt, discord))
  const message = await Promise.race([finished, refused]).finally(printer)
  const clip = message.attachments[0]
  if (!clip) throw new Error('the finished card carries no clip')
  const bytes = new Uint8Array(await (await fetch(clip.url)).arrayBuffer())
  const facts = await inspectClip(bytes)
  writeFileSync(`${folder}${scene.file}`, bytes)
  console.log(
    `  -> demo/${scene.file}: ${facts.durationSeconds.toFixed(2)} s, ${facts.width}×${facts.height}, ${facts.codec} ${facts.pixelFormat}, ${bytes.length} bytes`,
  )
  if (Math.abs(facts.durationSeconds - scene.seconds) > 0.1)
    throw new Error(`the clip lasts ${facts.durationSeconds} s instead of ${scene.seconds}`)
  if (facts.codec !== 'h264' || facts.pixelFormat !== 'yuv420p') throw new Error('the clip is not H.264 in yuv420p')
}

/** Prints a card each time its text changes. Returns the way to stop. */
function printChanges(first: ShownMessage, startedAt: number, discord: Sandbox['discord']): () => void {
  let last = ''
  const print = (message: ShownMessage) => {
    const text = [
      message.text,
      ...message.buttons.map(({ label }) => `[ ${label} ]`),
      ...message.attachments.map(({ filename }) => `▶ ${filename}`),
    ].join('\n')
    if (text === last) return
    last = text
    console.log(`\n  ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n${text.replaceAll(/^/gm, '  │ ')}`)
  }
  print(first)
  return discord.watchMessage(first.id, print)
}

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const sandbox = await startSandbox({ providerSpeed: 20 })
  try {
    for (const scene of scenes) await play(scene, sandbox)
    // The clean stop writes everything down; the books are read after it.
    await sandbox.stopBot()
    const books = await reconcile(sandbox)
    console.log(`\n${books.table}`)
    if (!books.equal) throw new Error('the wallets and the invoices differ')
  } finally {
    await sandbox.stop()
  }
}

try {
  await main()
  console.log('\nThe demo went well. The clips are in ./demo/.')
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
