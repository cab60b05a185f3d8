import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'

import { createDelivery } from '../../../src/discord/delivery/delivery.ts'
import { openRestClients } from '../../support/discord/rest-clients.ts'
import { createMessages } from '../../../src/discord/rest/messages.ts'
import type { GenerationState } from '../../../src/domain/generation-state.ts'
import type { Delivery } from '../../../src/generations/model/delivery-port.ts'
import type { Generation } from '../../../src/generations/model/generation.ts'
import { createLocalCardLock, createCardLock, isCurrent } from '../../../src/generations/store/card-lock.ts'
import { findGeneration, rememberMessage } from '../../../src/generations/store/generations.ts'
import { createNotifications } from '../../../src/generations/store/notifications.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, type Store, stores } from '../../storage/stores.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { createManualClock, type ManualClock } from '../../support/clocks/manual-clock.ts'
import { watchEditChecks } from '../../support/store/repeated-checks.ts'
import { refusals, type ScriptedDiscord } from '../../support/discord/scripted-discord.ts'
import { botToken, clip, followUps, reply } from '../support/delivery-stage.ts'
import { startExampleDiscord } from '../support/example-discord.ts'
import { ids, startedAt } from '../support/example-generation.ts'

let discord: ScriptedDiscord

beforeEach(async () => {
  discord = await startExampleDiscord()
  return () => discord.close()
})

/** One process on the database, with its own REST clients and clock. */
function startProcess(database: Database, cardLock = createCardLock(database)): { delivery: Delivery; clock: ManualClock } {
  const clock = createManualClock(startedAt + 10_000)
  const clients = openRestClients({ api: discord.api, botToken, onTokenRejected: () => undefined })
  onTestFinished(() => clients.close())
  const delivery = createDelivery({
    messages: createMessages(clients),
    clock,
    log: createCapturedLog().log,
    rememberMessage: (id, messageId) => rememberMessage(database.statements, id, messageId),
    ...createNotifications(database, clock),
    uploadLimitOf: () => Promise.resolve(10_485_760),
    cardLock,
  })
  return { delivery, clock }
}

async function write(
  database: Database,
  id: string,
  row: { state: GenerationState; owner: string; ended_at: number | null },
): Promise<Generation> {
  await database.statements
    .updateTable('generations')
    .set({ ...row, interaction_id: ids.interaction, notified_at: null })
    .where('id', '=', id)
    .execute()
  const written = await findGeneration(database.statements, id)
  if (!written) throw new Error('generation not found')
  return written
}

async function heldOne(database: Database): Promise<Generation> {
  const { id } = await acceptGeneration(database, { now: startedAt })
  return write(database, id, { state: 'held', owner: 'a', ended_at: startedAt + 9000 })
}

const resumed = (database: Database, { id }: Generation) => write(database, id, { state: 'delivering', owner: 'b', ended_at: null })
const post = ({ delivery }: { delivery: Delivery }, generation: Generation) =>
  delivery.post(generation, clip, { signal: new AbortController().signal })
const edits = () => discord.calls.filter(({ method, path }) => method === 'PATCH' && reply.test(path)).map(({ files }) => files.length)

async function passPause(clock: ManualClock, milliseconds: number): Promise<void> {
  while (clock.sleepers === 0) await new Promise((resolve) => setImmediate(resolve))
  await clock.advance(milliseconds)
}

async function notifiedAt(database: Database): Promise<unknown> {
  return (await database.statements.selectFrom('generations').select('notified_at').executeTakeFirstOrThrow()).notified_at
}

const shared = (store: Store) => store.name === 'PostgreSQL'

describe.each(stores.filter(shared))('a held generation that another process resumes on $name', (store) => {
  test('is no longer shown as held once its clip is posted', async () => {
    const database = await openStore(store)
    const [former, owner] = [startProcess(database), startProcess(database)]
    const held = await heldOne(database)
    discord.answerOnce('PATCH', reply, refusals.unavailable)
    const posting = former.delivery.postOutcome(held, { now: former.clock.now() })
    await discord.call('PATCH', reply)
    await post(owner, await resumed(database, held))
    await passPause(former.clock, 1000)
    await posting
    expect(edits()).toEqual([0, 1])
    expect(discord.calls.filter(({ method, path }) => method === 'POST' && followUps.test(path))).toEqual([])
    expect(await notifiedAt(database)).toBeNull()
  })

  test('gets its clip after an outcome that is already being sent', async () => {
    const database = await openStore(store)
    const checks = watchEditChecks(database)
    const [former, owner] = [startProcess(database), startProcess(checks.database)]
    const held = await heldOne(database)
    const release = discord.hold('PATCH', reply)
    const posting = former.delivery.postOutcome(held, { now: former.clock.now() })
    await discord.call('PATCH', reply)
    const posted = post(owner, await resumed(database, held))
    const upload = discord.call('PATCH', reply, 1)
    // Either it waits for the edit under way, or (wrongly) it uploads at the same time.
    await Promise.race([checks.repeated, upload])
    expect(edits()).toEqual([0])
    release()
    await Promise.all([posting, posted])
    expect(edits()).toEqual([0, 1])
  })
})

describe.each(stores)('a held generation that its own process resumes on $name', (store) => {
  test('does not overwrite its clip with the held outcome', async () => {
    const database = await openStore(store)
    const cardLock = shared(store) ? createCardLock(database) : createLocalCardLock((shown) => isCurrent(database.statements, shown))
    const process = startProcess(database, cardLock)
    const held = await heldOne(database)
    discord.answerOnce('PATCH', reply, refusals.unavailable)
    const posting = process.delivery.postOutcome(held, { now: process.clock.now() })
    await discord.call('PATCH', reply)
    const posted = post(process, await resumed(database, held))
    await passPause(process.clock, 1000)
    await Promise.all([posting, posted])
    expect(edits()).toEqual([0, 1])
    expect(await notifiedAt(database)).toBeNull()
  })
})
