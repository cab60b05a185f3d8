import { DiscordAPIError, HTTPError } from 'discord.js'

import { isTransient } from './discord-errors.ts'

/** A clip could not be posted. Its message holds codes only: it may be logged. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError'
  /** Discord said no, and would say it again: trying later helps only once somebody has changed something there. */
  readonly permanent: boolean

  constructor(what: string, reason?: unknown) {
    super(`${what}${wordsOf(reason)}`)
    this.permanent = reason === undefined || !isTransient(reason)
  }
}

function wordsOf(reason: unknown): string {
  if (reason instanceof DiscordAPIError) return ` (HTTP ${reason.status}, code ${reason.code})`
  if (reason instanceof HTTPError) return ` (HTTP ${reason.status})`
  return reason instanceof Error ? ` (${reason.name})` : ''
}
