import { DiscordAPIError, HTTPError } from 'discord.js'

import { DeliveryError } from '../../generations/model/delivery-port.ts'

import { isRefusal } from '../rest/errors.ts'

/** Discord's answer as the core may know it: what it was about, in codes, and whether waiting could help. */
export function deliveryError(what: string, reason?: unknown): DeliveryError {
  return new DeliveryError(`${what}${wordsOf(reason)}`, { permanent: reason === undefined || isRefusal(reason) })
}

function wordsOf(reason: unknown): string {
  if (reason instanceof DiscordAPIError) return ` (HTTP ${reason.status}, code ${reason.code})`
  if (reason instanceof HTTPError) return ` (HTTP ${reason.status})`
  return reason instanceof Error ? ` (${reason.name})` : ''
}
