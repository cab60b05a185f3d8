import { type REST, Routes } from 'discord.js'
import { z } from 'zod'

import type { Clock } from '../../lib/clock.ts'
import type { Snowflake } from '../../domain/ids.ts'
import { repeatOnFault } from './retry.ts'

const Application = z.object({ id: z.string() })

/** The application that the bot token belongs to. A Discord at fault is asked again for about twenty seconds. */
export function readApplicationId(rest: REST, options: { clock: Clock; signal?: AbortSignal }): Promise<Snowflake> {
  const read = async () => Application.parse(await rest.get(Routes.currentApplication(), { signal: options.signal })).id
  return repeatOnFault(read, { ...options, pausesMs: [1000, 4000, 15_000] })
}
