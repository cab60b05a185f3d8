import { join } from 'node:path'

import SQLite from 'better-sqlite3'
import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import { createClock } from '../../../src/lib/clock.ts'
import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import { outcomeCard } from '../../support/sandbox/outcome-card.ts'
import { finishedCard, type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readAttempts, readGeneration, readGenerations } from '../../support/store/store-reader.ts'

const minutes = 60_000

interface Stage {
  sandbox: TestSandbox
  film: () => Promise<Interaction>
}

async function setUp(providers: string): Promise<Stage> {
  const environment = { PROVIDERS: providers, GUILD_BUDGET_DAY_USD: '100', BUDGET_DAY_USD: '100' }
  const sandbox = await testSandbox({ environment })
  let films = 0
  return { sandbox, film: () => sandbox.discord.member.run('film', { prompt: `boat number ${(films += 1)}` }) }
}

/** As if so much time had passed since providers were blocked. */
function pass(milliseconds: number, { dataFolder }: TestSandbox): void {
  const database = new SQLite(join(dataFolder, 'rushes.db'))
  database.prepare('update provider_state set probe_at = probe_at - ?').run(milliseconds)
  database.close()
}

/** Every create call is lost; with `freeCalls`, those fail as well. */
function breakDown({ providers: { eachlabs } }: TestSandbox, { freeCalls }: { freeCalls: boolean }): void {
  eachlabs.faults.add({ kind: 'reset', route: 'create', times: Infinity })
  if (freeCalls) eachlabs.faults.add({ kind: 'down', route: 'account', times: Infinity })
}

const heldIn = (sandbox: TestSandbox) => readGenerations(sandbox).filter(({ state }) => state === 'held').length

/** Requests a clip every ten minutes for an hour. */
async function passHour({ sandbox, film }: Stage, isOver: (interaction: Interaction) => Promise<unknown>): Promise<void> {
  for (let passed = 0; passed < 60; passed += 10) {
    pass(10 * minutes, sandbox)
    await isOver(await film())
  }
}

// These make many clips.
describe('a provider that is down for an hour', () => {
  it('holds at most two requests; the others are made elsewhere, and it is used again when it is back', async () => {
    const stage = await setUp('eachlabs,fal')
    const { sandbox, film } = stage
    breakDown(sandbox, { freeCalls: true })
    await Promise.all([film(), film(), film()].map(async (interaction) => outcomeCard(await interaction)))
    await passHour(stage, finishedCard)
    expect(heldIn(sandbox)).toBeGreaterThan(0)
    expect(heldIn(sandbox)).toBeLessThanOrEqual(2)
    expect(sandbox.providers.eachlabs.requests.count('create')).toBe(heldIn(sandbox))
    expect(sandbox.providers.eachlabs.requests.count('account')).toBeGreaterThan(0)

    sandbox.providers.eachlabs.faults.clear()
    const nextClip = async () => {
      pass(minutes, sandbox)
      return (await finishedCard(await film())).text
    }
    await expect.poll(nextClip).toContain('Eachlabs')
    await sandbox.stopBot()
    expect(await reconcile(sandbox)).toMatchObject({ reserved: 350_000 * heldIn(sandbox) })
  })

  it('holds at most two requests; the others wait, and are made when it is back', async () => {
    const stage = await setUp('eachlabs')
    const { sandbox, film } = stage
    breakDown(sandbox, { freeCalls: true })
    const interactions = [await film(), await film(), await film()]
    await expect.poll(() => heldIn(sandbox)).toBeGreaterThan(0)
    await passHour(stage, async (interaction) => {
      interactions.push(interaction)
      await interaction.reply(({ text }) => text.includes('Queued'))
    })
    const held = heldIn(sandbox)
    expect(held).toBeLessThanOrEqual(2)
    expect(sandbox.providers.eachlabs.requests.count('create')).toBe(held)

    sandbox.providers.eachlabs.faults.clear()
    pass(10 * minutes, sandbox)
    await Promise.all(interactions.map(outcomeCard))
    await sandbox.stopBot()
    expect(
      readGenerations(sandbox)
        .map(({ state }) => state)
        .sort(),
    ).toEqual([...Array.from({ length: interactions.length - held }, () => 'done'), ...Array.from({ length: held }, () => 'held')])
    expect(readAttempts(sandbox)).toHaveLength(interactions.length)
  })

  it('holds at most three requests even if free calls succeed all the while', async () => {
    const stage = await setUp('eachlabs,fal')
    breakDown(stage.sandbox, { freeCalls: false })
    await Promise.all([stage.film(), stage.film()].map(async (interaction) => outcomeCard(await interaction)))
    await passHour(stage, outcomeCard)
    expect(stage.sandbox.providers.eachlabs.requests.count('create')).toBe(heldIn(stage.sandbox))
    expect(heldIn(stage.sandbox)).toBeLessThanOrEqual(3)
  })
})

describe('a provider that the operator must fix', () => {
  it('is used again as soon as its key is good', async () => {
    const { sandbox, film } = await setUp('wavespeed')
    const { faults, requests } = sandbox.providers.wavespeed
    for (const route of ['create', 'account'] as const) faults.add({ kind: 'bad-key', route, times: Infinity })
    for (const interaction of [await film(), await film()]) expect((await outcomeCard(interaction)).text).toMatch(/Failed.*No charge/s)
    pass(minutes, sandbox)
    await requests.reached('account')
    expect(requests.count('create')).toBe(1)
    faults.clear()
    pass(minutes / 2, sandbox)
    await requests.reached('account', 2)
    await expect.poll(async () => (await outcomeCard(await film())).text).toContain('WaveSpeed')
    await sandbox.stopBot()
    expect(sandbox.logLines.filter((line) => line.includes('check its key and its credit'))).toHaveLength(1)
    expect(requests.count('create')).toBe(2)
  })

  it('is left to the others while its account is empty, and used again once it is filled', async () => {
    const { sandbox, film } = await setUp('wavespeed,fal')
    const { wavespeed } = sandbox.providers
    wavespeed.behavior.balanceUsd = 0
    expect((await finishedCard(await film())).text).toContain('fal.ai')
    pass(minutes, sandbox)
    await wavespeed.requests.reached('account')
    expect((await finishedCard(await film())).text).toContain('fal.ai')
    expect(wavespeed.requests.count('create')).toBe(1)

    wavespeed.behavior.balanceUsd = 100
    pass(minutes / 2, sandbox)
    await expect.poll(async () => (await finishedCard(await film())).text).toContain('WaveSpeed')
  })
})

describe('Runware, down for some minutes', () => {
  it('holds nothing: the same task is sent again until it answers, and runs once', async () => {
    const sandbox = await testSandbox({ clock: createClock(20), environment: { PROVIDERS: 'runware' } })
    const { runware } = sandbox.providers
    runware.faults.add({ kind: 'reset', route: 'create', times: Infinity })
    runware.faults.add({ kind: 'down', route: 'status', times: Infinity })
    runware.faults.add({ kind: 'down', route: 'account', times: Infinity })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
    await runware.requests.reached('create', 5)
    runware.faults.clear()
    await finishedCard(interaction)
    await sandbox.stopBot()
    expect(runware.jobs.list()).toHaveLength(1)
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'done', attempts: 1, ledger: 'reserve capture' })
  })
})
