import { describe, it } from 'vitest'

import { expectOutcome } from './outcome.ts'
import { setStage } from './stage.ts'
import { steps } from './steps.ts'

describe('a bot that is killed', () => {
  // Not a table of the test runner's, which cuts long names short.
  for (const step of steps) {
    it(`${step.name}: ${step.outcome}`, async () => {
      const stage = await setStage(step)
      const interaction = await step.crash(stage)
      await stage.restart()
      await expectOutcome(stage, interaction, step)
    })
  }
})
