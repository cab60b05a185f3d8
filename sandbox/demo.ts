import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { createCardPrinter } from './card-printer.ts'
import { inspectClip } from './clips/inspect-clip.ts'
import type { OptionValues } from './discord/people/options.ts'
import { reconcile } from './reconciliation.ts'
import { type Sandbox, startSandbox } from './sandbox.ts'

/**
 * `npm run demo`: no input, no key, no cost. A member of the sandbox makes a clip from an image and one from words. The demo prints every change of
 * the card, saves the posted MP4s in ./demo/ and compares the bot's wallets with the providers' invoices.
 */
const folder = fileURLToPath(new URL('../demo/', import.meta.url))
const timeoutMs = 180_000

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
      image: { name: 'paper-boat.jpg', bytes: readFileSync(new URL('./assets/paper-boat.jpg', import.meta.url)) },
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

async function play({ command, options, file, seconds }: Scene, { discord }: Sandbox): Promise<void> {
  const words = Object.entries(options).map(([name, value]) => `${name}: ${typeof value === 'object' ? value.name : String(value)}`)
  console.log(`\n/${command} ${words.join(' ')}`)
  const startedAt = Date.now()
  const signal = AbortSignal.timeout(timeoutMs)
  const interaction = await discord.member.run(command, options)
  const finished = interaction.reply((message) => message.attachments.length > 0, { signal })
  const refused = interaction.followUp(undefined, { signal }).then(({ text }) => {
    throw new Error(`The bot refused: ${text}`)
  })
  const print = createCardPrinter()
  const elapsed = () => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`
  const first = await interaction.reply(undefined, { signal })
  print(elapsed(), first)
  const stopPrinting = discord.watchMessage(first.id, (message) => print(elapsed(), message))
  const message = await Promise.race([finished, refused]).finally(stopPrinting)
  await saveClip(message.attachments[0]?.url ?? '', file, seconds)
}

async function saveClip(url: string, file: string, seconds: number): Promise<void> {
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer())
  const { durationSeconds, width, height, codec, pixelFormat } = await inspectClip(bytes)
  writeFileSync(`${folder}${file}`, bytes)
  console.log(`  -> demo/${file}: ${durationSeconds.toFixed(2)} s, ${width}×${height}, ${codec} ${pixelFormat}, ${bytes.length} bytes`)
  if (Math.abs(durationSeconds - seconds) > 0.1) throw new Error(`The clip lasts ${durationSeconds} s instead of ${seconds} s`)
  if (codec !== 'h264' || pixelFormat !== 'yuv420p') throw new Error('The clip is not H.264 in yuv420p')
}

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const sandbox = await startSandbox({ providerSpeed: 20 })
  try {
    for (const scene of scenes) await play(scene, sandbox)
    // A clean stop writes everything to the store before it is read.
    await sandbox.stopBot()
    const { table, equal } = await reconcile(sandbox)
    console.log(`\n${table}`)
    if (!equal) throw new Error('The wallets and the invoices differ')
  } finally {
    await sandbox.stop()
  }
}

try {
  await main()
  console.log('\nThe demo succeeded. The clips are in ./demo/.')
} catch (error) {
  console.error(`\nThe demo failed. ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
