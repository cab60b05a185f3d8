import { expect, it } from 'vitest'

import { film } from '../../support/sandbox/clip-steps.ts'
import { finishedCard, testSandbox } from '../../support/sandbox/sandbox.ts'

it('a wrong key is named at each start, and the other providers make the clips', async () => {
  const environment = { PROVIDERS: 'fal,replicate', FAL_KEY: 'a-wrong-key' }
  const sandbox = await testSandbox({ environment })
  const named = () => sandbox.logLines.filter((line) => line.includes('the provider rejected FAL_KEY'))
  expect(named()).toEqual([expect.stringContaining('"provider":"fal"')])
  const card = await finishedCard(await film(sandbox))
  expect(card.text).toContain('Replicate')
  expect(sandbox.providers.fal.requests.count('create')).toBe(0)

  await sandbox.stopBot()
  await sandbox.startBot()
  expect(named()).toHaveLength(2)
  expect(sandbox.logLines.join('')).not.toContain('a-wrong-key')
})

it('a provider that does not answer at the start is not blocked', async () => {
  const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' } })
  await sandbox.stopBot()
  sandbox.providers.fal.faults.add({ kind: 'reset', route: 'status', times: Infinity })
  await sandbox.startBot()
  expect(sandbox.logLines.join('')).toContain('key not checked')
  sandbox.providers.fal.faults.clear()
  await finishedCard(await film(sandbox))
  expect(sandbox.logLines.join('')).not.toContain('provider blocked')
})
