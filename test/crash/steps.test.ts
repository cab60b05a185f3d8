import { describe, it } from 'vitest'

import { expectOutcome } from './outcome.ts'
import { setStage } from './stage.ts'
import { steps } from './steps.ts'

describe('a bot that is killed', () => {
  it.each(steps)('$name: $outcome', async (step) => {
    const stage = await setStage(step)
    const interaction = await step.crash(stage)
    await stage.restart()
    await expectOutcome(stage, interaction, step)
  })
})
