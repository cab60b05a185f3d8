/** The providers that have an adapter, in the order in which they are tried unless configured otherwise. */
export const providerIds = ['fal', 'replicate', 'wavespeed', 'runware', 'eachlabs'] as const

export type ProviderId = (typeof providerIds)[number]

/** How people know the providers. */
export const providerNames: Record<ProviderId, string> = {
  fal: 'fal.ai',
  replicate: 'Replicate',
  wavespeed: 'WaveSpeedAI',
  runware: 'Runware',
  eachlabs: 'Eachlabs',
}
