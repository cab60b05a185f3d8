import { z } from 'zod'

import { discordPort } from './settings.ts'

export class NoSandboxError extends Error {
  override readonly name = 'NoSandboxError'

  constructor(origin: string) {
    super(`No sandbox is running at ${origin}. Start it with \`npm start\` in another terminal.`)
  }
}

const Bot = z.object({ api: z.string(), token: z.string() })

/** Where a bot signs in to the sandbox that runs at SANDBOX_PORT, and with what. */
export async function findSandbox(): Promise<z.infer<typeof Bot>> {
  const origin = `http://127.0.0.1:${discordPort}`
  const response = await fetch(`${origin}/sandbox/bot`).catch(() => undefined)
  if (!response?.ok) throw new NoSandboxError(origin)
  return Bot.parse(await response.json())
}
