import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take longest, because they start many processes or wait. Whatever is started last must be short, or one worker ends long after the others. */
const longest = [
  'processes/chaos-postgres',
  'flows/queue/mixed',
  'processes/chaos-sqlite',
  'storage/upgrade',
  'flows/providers/lost-answers',
  'processes/fairness',
  'chaos/crash-steps/steps',
  'flows/delivery/discord-outage',
  'chaos/crash-steps/posting',
  'flows/providers/outage',
  'processes/processes',
]

/** On a fresh checkout vitest knows no durations and begins with the largest files. */
export class LongestFirst extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const index = longest.findIndex((file) => moduleId.endsWith(`/test/${file}.test.ts`))
      return index === -1 ? longest.length : index
    }
    return (await super.sort(specifications)).toSorted((one, other) => rank(one) - rank(other))
  }
}
