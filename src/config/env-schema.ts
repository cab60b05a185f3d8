import { z } from 'zod'

import { microUsd } from '../domain/money.ts'

/* The formats of variables. Each message continues the variable's name. */

export const dollars = z
  .string()
  .regex(/^\d{1,7}(\.\d{1,6})?$/, 'is an amount in US dollars, for instance 20 or 7.50')
  .transform((text) => microUsd(text))
export const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `is a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `is a whole number from ${least} to ${most}`)
export const guildIds = z
  .string()
  .transform((text) => (text.trim() === '*' ? '*' : splitList(text)))
  .refine(
    (ids) => ids === '*' || ids.every((id) => /^\d{17,20}$/.test(id)),
    'is a list of server ids (17 to 20 digits each), or * for every server',
  )
  .transform((ids) => (ids === '*' ? ids : new Set(ids)))
export const list = z.string().transform(splitList)

/** Without a slash at the end. Plain http only where it cannot leave the machine. */
export const publicUrl = z
  .url('is the https address under which the bot can be reached, for instance https://rushes.example')
  .refine(
    (text) => /^(https:\/\/|http:\/\/127\.0\.0\.1(:|$|\/))/.test(text),
    'must begin with https://: providers send their webhooks to no other',
  )
  .transform((text) => text.replace(/\/+$/, ''))

/** A PostgreSQL server, or `sqlite:` for the file in DATA_DIR (`sqlite:PATH` for another one). */
export const storeUrl = z.string().refine(
  // Neither SQLite's store in memory, which is gone with the process, nor a URL of a file, whose slashes would be part of its name.
  (text) => /^sqlite:(?!:|\/\/)/.test(text) || (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text)),
  'is postgres://user:password@server/database, sqlite: for the file in DATA_DIR, or sqlite:PATH (as in sqlite:/var/lib/rushes.db) for another file',
)

export const mostShards = 10_000
export const shardRanges = z
  .string()
  .regex(/^(auto|\d{1,4}(-\d{1,4})?(, *\d{1,4}(-\d{1,4})?)*)$/, {
    error: 'is auto, or a list of shards as in 0-3,5',
    abort: true,
  })
  .refine(
    (text) => text === 'auto' || splitList(text).every((range) => shardsOf(range).length > 0),
    'has a range that ends before it begins: write 0-3, not 3-0',
  )
  .transform((text) => (text === 'auto' ? 'auto' : splitList(text).flatMap(shardsOf)))
  .refine((shards) => shards === 'auto' || new Set(shards).size === shards.length, 'names a shard twice')

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

/** Of `3` or `0-3`; none where the range ends before it begins. */
function shardsOf(range: string): number[] {
  const [from = 0, to = from] = range.split('-').map(Number)
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}
