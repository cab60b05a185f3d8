import { setTimeout as wait } from 'node:timers/promises'

import type { Bot } from '../bot/bot.ts'
import type { OwnerNames } from '../bot/owner-names.ts'
import type { Contents, Store } from '../shared/store.ts'
import type { IsOwn } from './kill-record.ts'

/** Longer than a lease and than the longest edit of a card, so that a resumed worker must not finish one that it had begun. */
const stallMs = 12_000
const findCreateMs = 10_000
/** By then a resumed bot has noticed that it was taken for dead, and has a new name. */
const findNameMs = 10_000
/** These providers cannot be asked about a lost create answer, so whoever takes over gives up on the job that the stalled worker may still get. */
const withoutRecovery = new Set(['fal', 'wavespeed', 'eachlabs'])

interface StallContext {
  store: Store
  owners: OwnerNames
  ownedBy: (bot: Bot) => IsOwn
  onStalled: (bot: Bot, contents: Contents) => void
}

/** Stalls a worker in the middle of a create call until others take it for dead, then resumes it. Undefined if none made one for a while. */
export async function stallWorker(workers: readonly Bot[], { store, owners, ownedBy, onStalled }: StallContext): Promise<Bot | undefined> {
  const deadline = Date.now() + findCreateMs
  while (Date.now() < deadline) {
    const contents = await store.read()
    const bot = workers.find((each) => isCreating(contents, ownedBy(each)))
    if (!bot) continue
    bot.stall()
    onStalled(bot, await store.read())
    await wait(stallMs)
    owners.see((await store.read()).owners)
    bot.resume()
    await learnNewName(bot, { store, owners })
    return bot
  }
  return undefined
}

async function learnNewName(bot: Bot, { store, owners }: Pick<StallContext, 'store' | 'owners'>): Promise<void> {
  const deadline = Date.now() + findNameMs
  while (Date.now() < deadline) {
    if (owners.learn(bot, (await store.read()).owners)) return
  }
  console.error(`${bot.name} continued under its old name`)
}

function isCreating({ generations, attempts }: Contents, isOwn: IsOwn): boolean {
  const own = new Set(
    generations
      .filter((generation) => generation.state === 'submitting' && withoutRecovery.has(generation.provider) && isOwn(generation))
      .map(({ id }) => id),
  )
  return attempts.some(({ generationId, state }) => state === 'sent' && own.has(generationId))
}
