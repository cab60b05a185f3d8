import type { BenchContext } from '../shared/bench.ts'
import { measureOurs, type WaitOptions } from './our-waiting.ts'
import { measureVendor } from './vendor-waiting.ts'
import type { Waiting } from './waiting.ts'

const vendors = ['fal polling', 'fal stream', 'replicate polling', 'wavespeed polling', 'runware polling'] as const
const providers = ['fal', 'replicate', 'wavespeed', 'runware', 'eachlabs']

/**
 * What it takes to learn that a job of about 160 s is done: how many calls, and how long after its end. The words are the speed of all clocks and the
 * number of clips at each provider.
 */
export async function benchWait(context: BenchContext): Promise<void> {
  const [speed = 2, clips = 3] = context.words.map(Number)
  const options: WaitOptions = { speed, clips }
  // All at once: they mostly wait.
  const [byWebhook, without, ...theirs] = await Promise.all([
    measureOurs(options, true, context.cleanup),
    measureOurs(options, false, context.cleanup),
    ...vendors.map((name) => measureVendor(name, options, context.cleanup)),
  ])
  const vendor = new Map<string, Waiting>(vendors.map((name, index) => [name, theirs[index] as Waiting]))
  for (const provider of providers) {
    const polling = vendor.get(`${provider} polling`)
    reportWay(`${provider}, webhook`, byWebhook.get(provider), polling, context)
    const streams = provider === 'fal'
    reportWay(
      `${provider}, ${streams ? 'stream' : 'polling'}`,
      without.get(provider),
      streams ? vendor.get('fal stream') : polling,
      context,
    )
  }
}

function reportWay(way: string, ours: Waiting | undefined, vendor: Waiting | undefined, context: BenchContext): void {
  if (!ours) throw new Error(`${way} was not measured`)
  const target = vendor && ({ of: 'ratio', atMost: 1 } as const)
  context.report({ case: `${way}: calls for a clip`, unit: 'calls', value: ours.requests, baseline: vendor?.requests, target })
  context.report({ case: `${way}: lag`, unit: 's', value: ours.lagSeconds, baseline: vendor?.lagSeconds })
}
