import { describe, expect, it, onTestFinished } from 'vitest'

import { createSharedWakes } from '../../src/generations/notify/postgres-notifier.ts'
import { wishCancel } from '../../src/generations/store/generations.ts'
import { createWakes, type Wakes } from '../../src/generations/notify/notifier.ts'
import { createLog } from '../../src/lib/log.ts'
import { connectAlone } from '../../src/storage/postgres/pool.ts'
import { hasPostgres, openPlace, temporaryPostgres } from '../storage/stores.ts'
import { acceptGeneration } from '../support/generations.ts'

const log = createLog({ level: 'silent' })

/** Resolves at the next wake of this generation. */
function woken(wakes: Wakes, id: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = wakes.onWake(id, () => {
      stop()
      resolve()
    })
  })
}

function workAnnounced(wakes: Wakes): Promise<void> {
  return new Promise((resolve) => {
    const stop = wakes.onWork(() => {
      stop()
      resolve()
    })
  })
}

/** Wakes of one more process on the server. */
async function oneProcess(url: string, lookEveryMs?: number) {
  const database = await openPlace({ url })
  const wakes = await createSharedWakes(database, { url, log, lookEveryMs })
  onTestFinished(() => wakes.close())
  return { database, wakes }
}

describe('wakes in one process', () => {
  it('reach whoever listens for that generation, until they stop', () => {
    const wakes = createWakes()
    const heard: string[] = []
    const stop = wakes.onWake('a', () => heard.push('a'))
    wakes.onWake('b', () => heard.push('b'))
    wakes.onWork(() => heard.push('work'))
    wakes.wake('a')
    wakes.announceWork()
    stop()
    wakes.wake('a')
    expect(heard).toEqual(['a', 'work'])
  })
})

describe.skipIf(!hasPostgres)('wakes between processes', () => {
  it('carry a cancel, a webhook and news of work to the others', async () => {
    const url = await temporaryPostgres()
    const [one, two] = [await oneProcess(url), await oneProcess(url)]
    const heard = woken(two.wakes, 'clip')
    one.wakes.wake('clip')
    await heard
    const announced = workAnnounced(two.wakes)
    one.wakes.announceWork()
    await announced
  })

  it('stay within one installation, though the server is shared', async () => {
    const [url, otherUrl] = [await temporaryPostgres(), await temporaryPostgres()]
    const [one, two, stranger] = [await oneProcess(url), await oneProcess(url), await oneProcess(otherUrl)]
    const heardByStranger: string[] = []
    stranger.wakes.onWake('clip', () => heardByStranger.push('clip'))
    const heard = woken(two.wakes, 'clip')
    one.wakes.wake('clip')
    await heard
    // What the stranger would have heard before this, it has heard by now.
    const own = woken(stranger.wakes, 'own')
    const fourth = await oneProcess(otherUrl)
    fourth.wakes.wake('own')
    await own
    expect(heardByStranger).toEqual([])
  })

  it('go on after the connection was lost, and make up for what nobody heard', async () => {
    const url = await temporaryPostgres()
    const [one, two] = [await oneProcess(url), await oneProcess(url)]
    const renewed = workAnnounced(two.wakes)
    await breakListeners(url)
    await renewed
    const heard = woken(two.wakes, 'clip')
    one.wakes.wake('clip')
    await heard
  })

  it('find a wish that was left without a word, by looking now and then', async () => {
    const url = await temporaryPostgres()
    const { database, wakes } = await oneProcess(url, 20)
    const { id } = await acceptGeneration(database)
    const heard = woken(wakes, id)
    await wishCancel(database.statements, id, 1)
    await heard
  })
})

/** Ends the listening connections of this schema's processes from the server's side. */
async function breakListeners(url: string): Promise<void> {
  const client = await connectAlone(url)
  await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen "' || left('rushes_' || current_schema(), 63) || '"'`,
  )
  await client.end()
}
