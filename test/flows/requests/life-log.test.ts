import { expect, it } from 'vitest'

import { film } from '../../support/sandbox/clip-steps.ts'
import { finishedCard, type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'

interface Line {
  msg: string
  reference?: string
  [field: string]: unknown
}

const linesOf = ({ logLines }: TestSandbox): Line[] => logLines.map((line) => JSON.parse(line) as Line)

it('the log tells the life of a clip, one line a step, and never what the member wrote', async () => {
  const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' } })
  await finishedCard(await film(sandbox, 'an unmistakable walrus'))
  await sandbox.stopBot()
  const steps = ['accepted', 'claimed', 'submitted', 'completed', 'clip posted']
  const lines = linesOf(sandbox).filter(({ msg }) => steps.includes(msg))
  expect(lines.map(({ msg }) => msg)).toEqual(steps)
  const [job] = sandbox.providers.fal.jobs.list()
  const [first] = lines
  const common = { generation: first?.['generation'], reference: first?.reference, guild: sandbox.discord.guild.id, price: '$0.35' }
  expect(lines).toMatchObject([
    { ...common, reference: expect.stringMatching(/^\w{8}$/) as string },
    { ...common, provider: 'fal' },
    { ...common, provider: 'fal', job: job?.id },
    { ...common, provider: 'fal', job: job?.id },
    { ...common, provider: 'fal', job: job?.id },
  ])
  expect(sandbox.logLines.join('')).not.toMatch(/walrus/)
})

it('a failed clip is told with its reason and its job, a cancelled one with its price', async () => {
  const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal', FAL_CONCURRENCY: '1' } })
  const failed = await film(sandbox, 'a boat sandbox:moderated')
  await failed.reply(({ text }) => text.includes('Failed'))
  const [job] = sandbox.providers.fal.jobs.list()
  sandbox.providers.fal.jobs.hold('completion')
  const rendering = await film(sandbox)
  await rendering.reply(({ text }) => text.includes('Rendering'))
  const queued = await film(sandbox)
  await sandbox.discord.member.press(await queued.reply(({ buttons }) => buttons.length > 0), 'Cancel')
  await queued.reply(({ text }) => text.includes('Cancelled'))
  const lines = linesOf(sandbox)
  const guild = sandbox.discord.guild.id
  const line = (message: RegExp) => lines.find(({ msg }) => message.test(msg))
  expect(line(/^generation failed/)).toMatchObject({ guild, provider: 'fal', job: job?.id, price: '$0.35', reason: 'moderation' })
  expect(line(/^generation cancelled/)).toMatchObject({ guild, price: '$0.35', reason: 'cancelled-by-member' })
})

it('a refusal is told with its reason, and an exhausted budget with its figures', async () => {
  const sandbox = await testSandbox({ environment: { GUILD_BUDGET_DAY_USD: '0.34' } })
  const refused = await film(sandbox, '   ')
  await refused.reply()
  const exhausted = await film(sandbox)
  await exhausted.followUp()
  const guild = sandbox.discord.guild.id
  const lines = linesOf(sandbox)
  expect(lines.find(({ msg }) => msg === 'budget exhausted')).toMatchObject({
    ...{ level: 40, guild, wallet: 'server', period: 'day', price: '$0.35', remaining: '$0.34' },
  })
  expect(lines.find(({ msg }) => msg === 'refused')).toMatchObject({ level: 30, guild, reason: 'prompt-empty' })
})
