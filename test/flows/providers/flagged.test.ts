import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import { film } from '../../support/sandbox/clip-steps.ts'
import { finishedCard, testSandbox } from '../../support/sandbox/sandbox.ts'

describe('a clip that its provider flagged', () => {
  it.each([
    ['wavespeed', '$0.35'],
    ['runware', '$0.37'],
  ])('is posted as a spoiler, with a line in the log (%s)', async (provider, price) => {
    const environment = { PROVIDERS: provider, RUNWARE_SAFETY: 'fast', RUNWARE_SAFETY_USD: '0.02' }
    const sandbox = await testSandbox({ environment })
    const card = await finishedCard(await film(sandbox, 'a boat sandbox:flagged'))
    expect(JSON.stringify(card.components)).toContain('"spoiler":true')
    expect(card.text).toContain(price)
    const harmless = await finishedCard(await film(sandbox, 'a boat'))
    expect(JSON.stringify(harmless.components)).not.toContain('"spoiler":true')
    await sandbox.stopBot()
    expect(sandbox.logLines.filter((line) => line.includes('flagged a clip'))).toHaveLength(1)
    expect(await reconcile(sandbox)).toMatchObject({ reserved: 0, equal: true })
  })
})
