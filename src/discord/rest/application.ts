import { type REST, Routes } from 'discord.js'
import { z } from 'zod'

import type { Snowflake } from '../../domain/ids.ts'
import type { Clock } from '../../lib/clock.ts'
import { retry } from '../../lib/retry.ts'

import { isTransient } from './errors.ts'

const Application = z.object({ id: z.string() })

/** The application that the bot token belongs to. Retries Discord's faults for about twenty seconds. */
export function readApplicationId(rest: REST, options: { clock: Clock; signal?: AbortSignal }): Promise<Snowflake> {
  const read = async () => Application.parse(await rest.get(Routes.currentApplication(), { signal: options.signal })).id
  return retry(read, { ...options, delays: [1000, 4000, 15_000], shouldRetry: isTransient })
}
