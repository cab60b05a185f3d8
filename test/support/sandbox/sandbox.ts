import { createHash } from 'node:crypto'

import sharp from 'sharp'
import { onTestFinished } from 'vitest'

import { showsClip } from '../../chaos/shared/shown-clip.ts'
import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import type { ShownMessage } from '../../../sandbox/discord/people/shown-message.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../sandbox/sandbox.ts'

export interface TestSandbox extends Sandbox {
  /** Every line the bot logged so far. */
  readonly logLines: readonly string[]
}

/** The sandbox on free ports, with small clips and quick providers. Stopped at the end of the test. */
export async function testSandbox(options: SandboxOptions = {}): Promise<TestSandbox> {
  const logLines: string[] = []
  const { environment, ...rest } = options
  const sandbox = await startSandbox({
    clipHeight: 144,
    providerSpeed: 200,
    logDestination: { write: (line: string) => void logLines.push(line) },
    ...rest,
    environment: { LOG_LEVEL: 'debug', MEMBER_REQUESTS_PER_MINUTE: '1000', GUILD_REQUESTS_PER_MINUTE: '10000', ...environment },
  })
  onTestFinished(() => sandbox.stop())
  return Object.assign(sandbox, { logLines })
}

export interface ImageOptions {
  width?: number
  height?: number
  /** Another seed is another image. */
  seed?: number
  type?: 'png' | 'jpeg'
}

/** An image of discs whose positions and colours follow from the seed. Drawn pixel by pixel, because the bot forbids sharp to read SVG. */
export async function testImage({ width = 640, height = 360, seed = 1, type = 'png' }: ImageOptions = {}): Promise<Buffer> {
  const chance = chances(seed)
  const pixels = Buffer.alloc(width * height * 3)
  for (let disc = 0; disc < 60; disc += 1) {
    const [centreX, centreY, radius] = [chance() * width, chance() * height, (0.03 + 0.15 * chance()) * Math.min(width, height)]
    const colour = [chance() * 255, chance() * 255, chance() * 255]
    for (let y = Math.max(0, Math.ceil(centreY - radius)); y < Math.min(height, centreY + radius); y += 1) {
      for (let x = Math.max(0, Math.ceil(centreX - radius)); x < Math.min(width, centreX + radius); x += 1) {
        if (Math.hypot(x - centreX, y - centreY) < radius) pixels.set(colour, (y * width + x) * 3)
      }
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .toFormat(type)
    .toBuffer()
}

/** A sequence of numbers from 0 to 1, the same for the same seed. */
function chances(seed: number): () => number {
  let state = seed * 7919
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32
  }
}

/** The card with its clip, or an error with the bot's private refusal. */
export async function finishedCard(interaction: Interaction): Promise<ShownMessage> {
  const refused = interaction
    .followUp((message) => message.ephemeral)
    .then((message) => {
      throw new Error(`the bot said: ${message.text}`)
    })
  return Promise.race([interaction.reply(({ attachments, components }) => attachments.length > 0 && showsClip(components)), refused])
}

/** Waits for the card of an outcome without a clip: no button and these words. */
export async function endedCard(interaction: Interaction, words: RegExp): Promise<ShownMessage> {
  return interaction.reply((message) => message.buttons.length === 0 && words.test(message.text))
}

export async function fetchBytes(url: string): Promise<Buffer> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`HTTP ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
