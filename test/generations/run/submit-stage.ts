import { expect } from 'vitest'

import { ProviderError, type ProviderErrorKind } from '../../../src/domain/provider-error.ts'
import type { GenerationState } from '../../../src/generations/model/generation.ts'
import { submit } from '../../../src/generations/run/submit.ts'
import { findRow } from '../../../src/generations/store/generations.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import { requestColumn } from '../../../src/storage/json-columns.ts'
import type { AttemptRow } from '../../../src/storage/schema.ts'
import { openStore, type Store } from '../../storage/stores.ts'
import { quickProvider } from '../worker/worker-stage.ts'
import { attempted, claimed, found, put, setUpRun } from './run-stage.ts'

export const job = { operation: '{"id":"job"}', operation_id: 'job' }
export const image = (sha256: string) =>
  ({ sha256, mediaType: 'image/png', width: 300, height: 300, sizeBytes: 3, bytes: Uint8Array.of(1, 2, 3) }) as const
export const failure = (kind: ProviderErrorKind, failoverSafe = true) => new ProviderError({ provider: 'fal', kind, failoverSafe })

/** A generation that this process has claimed, for fal or else Replicate. */
export async function setUpSubmit(store: Store, change: Partial<Provider> = {}, state: GenerationState = 'submitting') {
  const database = await openStore(store)
  const fal = quickProvider('fal', change)
  const tested = await setUpRun(database, { providers: [fal] })
  const { id } = await claimed(database, state, { candidates: ['fal', 'replicate'] })
  const before = (provider: string, row: Partial<AttemptRow>) => attempted(database, { id, state }, provider, row)
  const start = async () => submit(await found(database, id), tested.context, tested.signals)
  /** The error with which it ends. */
  const end = () =>
    start().then(
      () => expect.unreachable('it was submitted'),
      (error: unknown) => error,
    )
  const withImages = async (...names: ('firstFrame' | 'lastFrame')[]) => {
    const { request } = await found(database, id)
    const frames = Object.fromEntries(names.map((name) => [name, image(name)]))
    await put(database, id, { request: requestColumn.stringify({ ...request, ...frames }) })
  }
  return { ...tested, database, id, fal, before, start, end, withImages, row: () => findRow(database.statements, id) }
}
