import { DiscordAPIError, HTTPError } from 'discord.js'

import { DeliveryError } from '../../generations/model/delivery-port.ts'

import { isRefusal } from '../rest/errors.ts'

/** What the core gets instead of Discord's error, which is not safe to log: codes only. Permanent if Discord refused, or if there is no error to retry. */
export function deliveryError(message: string, error?: unknown): DeliveryError {
  return new DeliveryError(`${message}${codesOf(error)}`, { permanent: error === undefined || isRefusal(error) })
}

function codesOf(error: unknown): string {
  if (error instanceof DiscordAPIError) return ` (HTTP ${error.status}, code ${error.code})`
  if (error instanceof HTTPError) return ` (HTTP ${error.status})`
  return error instanceof Error ? ` (${error.name})` : ''
}
