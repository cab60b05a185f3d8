import type { ImageReference } from './image.ts'

/** Limits that every provider of Kling 2.5 Turbo Pro shares (docs/providers.md). */
export const clipLimits = {
  /** Of a prompt and of a negative prompt. */
  leastCharacters: 2,
  promptCharacters: 2500,
  negativePromptCharacters: 2500,
  durationsSeconds: [5, 10],
  aspectRatios: ['16:9', '9:16', '1:1'],
} as const

export type DurationSeconds = (typeof clipLimits.durationsSeconds)[number]
export type AspectRatio = (typeof clipLimits.aspectRatios)[number]

/** What a member asked for; plain JSON, stored as it is. */
export interface ClipRequest {
  prompt: string
  negativePrompt?: string | undefined
  durationSeconds: DurationSeconds
  /** Only for clips without an image; a clip from an image has its shape. */
  aspectRatio?: AspectRatio | undefined
  /** 0 to 1: how closely the clip follows the prompt. */
  guidance?: number | undefined
  firstFrame?: ImageReference | undefined
  lastFrame?: ImageReference | undefined
}

/** What a request can ask of a provider beyond a plain clip. */
export type ClipFeature = 'text' | 'firstFrame' | 'lastFrame' | 'negativePrompt' | 'guidance'

export type ClipMode = 'text' | 'first-frame' | 'first-and-last-frame'

/** What the run time of a clip depends on. */
export interface ClipKind {
  durationSeconds: DurationSeconds
  firstFrame?: unknown
  lastFrame?: unknown
}

export function modeOf({ firstFrame, lastFrame }: Pick<ClipKind, 'firstFrame' | 'lastFrame'>): ClipMode {
  if (!firstFrame) return 'text'
  return lastFrame ? 'first-and-last-frame' : 'first-frame'
}
