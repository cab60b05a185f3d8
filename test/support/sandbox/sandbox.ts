import { createHash } from 'node:crypto'

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
  const { environment, discord, ...rest } = options
  const sandbox = await startSandbox({
    clipHeight: 144,
    clipFolder: process.env['TEST_CLIP_FOLDER'],
    providerSpeed: 200,
    // At this speed Replicate's hour is over within seconds, in which a busy machine may not have downloaded the clip.
    keepOutputs: true,
    // Tests set the bot's limits; a provider's would be a second queue behind them.
    unlimitedProviders: true,
    // Likewise for Discord's: a test of them sets its own.
    discord: { rateLimit: { limit: 50, windowMs: 1000 }, ...discord },
    logDestination: { write: (line: string) => void logLines.push(line) },
    ...rest,
    environment: { LOG_LEVEL: 'debug', MEMBER_REQUESTS_PER_MINUTE: '1000', GUILD_REQUESTS_PER_MINUTE: '10000', ...environment },
  })
  onTestFinished(() => sandbox.stop())
  // The start checks every key.
  for (const { requests } of sandbox.providers.all) requests.clear()
  // A busy machine exceeds Discord's three seconds. A test of that limit advances this clock.
  sandbox.discord.clock.freeze()
  return Object.assign(sandbox, { logLines })
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
