import { describe, it } from 'vitest'

import { expectOutcome } from './outcome.ts'
import { outcomeSteps } from './outcome-steps.ts'
import { setStage } from './stage.ts'
import { submissionSteps } from './submission-steps.ts'

describe('a bot that is killed', () => {
  // A loop, because vitest shortens long names of `it.each`.
  for (const step of [...submissionSteps, ...outcomeSteps]) {
    it(`${step.name}: ${step.outcome}`, async () => {
      const stage = await setStage(step)
      const interaction = await step.crash(stage)
      await stage.restart()
      await expectOutcome(stage, interaction, step)
    })
  }
})
