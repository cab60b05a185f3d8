import { readFileSync } from 'node:fs'

import SQLite from 'better-sqlite3'
import { type Kysely, sql } from 'kysely'
import { Client } from 'pg'
import { onTestFinished } from 'vitest'
import { z } from 'zod'

import type { ProviderName } from '../sandbox/providers/customers.ts'
import { callRunware, customers, videoTask } from '../sandbox/providers/customers.ts'
import type { StandIns } from '../../sandbox/providers/stand-ins.ts'
import type { Schema } from '../../src/storage/schema.ts'
import type { StoreLocation } from '../../src/config/config.ts'
import { openAlongside } from '../../src/storage/database.ts'
import type { TestSandbox } from '../support/sandbox/sandbox.ts'
import type { EarlierVersion } from './earlier-versions.ts'
import type { Store } from './stores.ts'

/** How long the bot was down for the upgrade: long enough for a recheck of held jobs, too short for any deadline. */
const downtimeMs = 7 * 60_000

export interface EarlierGeneration {
  id: string
  prompt: string
  state: string
  reference: string
  /** Its card; undefined if the earlier bot had finished with it. */
  messageId: string | undefined
}

/**
 * Restores a store of this version and fits it into this sandbox: the ids are those of its Discord, the cards are posted in its channel, and its
 * providers have the jobs. The statements use the names of that version, which never change.
 */
export async function restoreEarlierStore(
  version: EarlierVersion,
  store: Store,
  sandbox: TestSandbox,
): Promise<{ location: StoreLocation; generations: EarlierGeneration[] }> {
  const location = await store.place()
  await restoreFixture(version, location, (fixture) => fitInto(sandbox, fixture))
  const database = openAlongside(location)
  onTestFinished(() => database.close())
  const { statements } = database
  await moveIntoThePresent(version, statements)
  await createJobs(statements, version.lostTask[store.name], sandbox)
  const generations = await postCards(version, statements, sandbox)
  return { location, generations }
}

function fitInto({ discord, providers }: TestSandbox, fixture: string): string {
  const originOf = (provider: string, origin: string) => {
    const origins: Record<string, string> | undefined = providers.all.find(({ id }) => id === provider)?.origins
    const found = origins?.[origin]
    if (found === undefined) throw new Error(`the sandbox has no origin ${provider}-${origin}`)
    return found
  }
  return fixture
    .replaceAll('100000000000000001', discord.applicationId)
    .replaceAll('200000000000000001', discord.guild.id)
    .replaceAll('300000000000000001', discord.guild.channel.id)
    .replaceAll('400000000000000001', discord.member.id)
    .replaceAll('400000000000000002', discord.guild.createMember({ name: 'Second' }).id)
    .replaceAll(/http:\/\/(\w+)-(\w+)\.example/g, (_, provider: string, origin: string) => originOf(provider, origin))
}

/** Creates the tables of this version with their rows. `change` may rewrite the statements first. */
export async function restoreFixture(
  { name }: EarlierVersion,
  location: StoreLocation,
  change = (fixture: string) => fixture,
): Promise<void> {
  const file = `../fixtures/stores/${name}.${'file' in location ? 'sqlite' : 'postgres'}.sql`
  const statements = change(readFileSync(new URL(file, import.meta.url), 'utf8'))
  if ('file' in location) {
    const database = new SQLite(location.file)
    database.exec(statements)
    database.close()
    return
  }
  const client = new Client({ connectionString: location.url })
  await client.connect()
  try {
    await client.query(statements)
  } finally {
    await client.end()
  }
}

/** Moves all times by the same amount, so that the last row was written when the bot went down. */
async function moveIntoThePresent({ notifiedAt, times: laterTimes = {} }: EarlierVersion, statements: Kysely<Schema>): Promise<void> {
  const times: [table: string, columns: readonly string[]][] = [
    ['generations', ['created_at', 'started_at', 'ended_at', 'cancel_requested_at', notifiedAt]],
    ['attempts', ['sent_at', 'created_at', 'ended_at']],
    ['ledger', ['created_at']],
    ['webhook_events', ['received_at']],
    ...Object.entries(laterTimes),
  ]

  const { rows } = await sql<{ last: number }>`select max(created_at) as last from ledger`.execute(statements)
  const shift = Date.now() - downtimeMs - (rows[0]?.last ?? 0)
  for (const [table, columns] of times) {
    const moved = columns.map((column) => sql`${sql.ref(column)} = ${sql.ref(column)} + ${sql.lit(shift)}`)
    await sql`update ${sql.table(table)} set ${sql.join(moved)}`.execute(statements)
  }
}

interface EarlierJob {
  state: string
  request: string
  provider: ProviderName
  webhookToken: string
  operationId: string | null
  /** The operation in its webhook. */
  webhookOperation: string | null
}

/**
 * Creates the jobs at the providers again and puts their new ids into the store. They run until the test releases them; the one being delivered and
 * the late one have finished. No provider has the job that was lost at fal, nor those of the other held generations.
 */
async function createJobs(statements: Kysely<Schema>, lostTask: string, { providers, publicUrl }: TestSandbox): Promise<void> {
  const { rows } = await sql<EarlierJob>`
    select g.state, g.request, a.provider, a.webhook_token as "webhookToken", a.operation_id as "operationId", e.operation as "webhookOperation"
    from generations g join attempts a on a.generation_id = g.id left join webhook_events e on e.attempt_id = a.id
    where g.state in ('submitting', 'rendering', 'delivering', 'held') and a.state <> 'preparing'
      and (a.operation_id is not null or a.provider <> 'fal') and (g.state <> 'held' or g.request like '%late response%')
    order by g.state in ('submitting', 'rendering'), a.id`.execute(statements)
  for (const { state, request, provider, webhookToken, operationId, webhookOperation } of rows) {
    const { jobs } = providers[provider]
    const isFinished = state === 'delivering' || state === 'held'
    if (!isFinished) jobs.hold('completion')
    const order = { prompt: promptOf(request), webhook: `${publicUrl}/webhooks/${provider}/${webhookToken}` }
    const earlierId = operationId ?? (webhookOperation === null ? undefined : idOf(webhookOperation))
    const isLostTask = provider === 'runware' && earlierId === undefined
    const answer = isLostTask ? await orderTask(providers, lostTask, order) : await customers[provider].submit(providers, order)
    const id = customers[provider].idIn(answer)
    if (isFinished) await jobs.reached('succeeded', id)
    if (earlierId !== undefined) await rename(statements, earlierId, id)
    if (state !== 'delivering') continue
    const clip = customers[provider].clipIn(await customers[provider].ask(providers, id))
    await sql`update generations set output_url = ${clip} where state = 'delivering'`.execute(statements)
  }
}

function orderTask(standIns: StandIns, taskUUID: string, { prompt, webhook }: { prompt: string; webhook: string }) {
  return callRunware(standIns, [videoTask({ taskUUID, positivePrompt: prompt, webhookURL: webhook })])
}

async function rename(statements: Kysely<Schema>, earlierId: string, id: string): Promise<void> {
  for (const table of ['attempts', 'webhook_events']) {
    await sql`update ${sql.table(table)} set operation = replace(operation, ${earlierId}, ${id})`.execute(statements)
  }
  await sql`update attempts set operation_id = ${id} where operation_id = ${earlierId}`.execute(statements)
}

/** Posts a message for each card that the bot still edits. Their interaction tokens have expired. */
async function postCards(
  { notifiedAt }: EarlierVersion,
  statements: Kysely<Schema>,
  { discord }: TestSandbox,
): Promise<EarlierGeneration[]> {
  const { rows } = await sql<{ id: string; state: string; request: string; reference: string; notified: number | null }>`
    select id, state, request, reference, ${sql.ref(notifiedAt)} as notified from generations order by id`.execute(statements)
  const generations: EarlierGeneration[] = []
  for (const { id, state, request, reference, notified } of rows) {
    const isOver = state === 'done' || (['failed', 'cancelled'].includes(state) && notified !== null)
    const messageId = isOver ? undefined : await postCard(discord, `${promptOf(request)}, reference ${reference}`)
    if (messageId !== undefined) await sql`update generations set message_id = ${messageId} where id = ${id}`.execute(statements)
    generations.push({ id, state, prompt: promptOf(request), reference, messageId })
  }
  return generations
}

async function postCard({ apiUrl, botToken, guild }: TestSandbox['discord'], content: string): Promise<string> {
  const posted = await fetch(`${apiUrl}/v10/channels/${guild.channel.id}/messages`, {
    method: 'POST',
    headers: { authorization: `Bot ${botToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ flags: 1 << 15, components: [{ type: 10, content }] }),
  })
  return idOf(await posted.text())
}

const promptOf = (request: string) => z.object({ prompt: z.string() }).parse(JSON.parse(request)).prompt
const idOf = (json: string) => z.object({ id: z.string() }).parse(JSON.parse(json)).id
