import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'

/** How `npm run try` is used: an option of a command is an option here, in the same words. */
const usage = `Usage:
  npm run try -- animate IMAGE "PROMPT" [--last-image IMAGE] [--duration 5|10] [--negative TEXT] [--guidance 0..1] [--provider ID]
  npm run try -- film "PROMPT" [--aspect 16:9|9:16|1:1] [--duration 5|10] [--negative TEXT] [--guidance 0..1] [--provider ID]
  --cancel-after SECONDS presses the Cancel button after that time
  npm run try -- --live-check explains how to prove with one paid clip that a real provider uses the last image`

const optional = {
  'last-image': { type: 'string' },
  aspect: { type: 'string' },
  duration: { type: 'string' },
  negative: { type: 'string' },
  guidance: { type: 'string' },
  provider: { type: 'string' },
} as const

/** The command and its options, as the control API takes them; or that only an explanation is wanted. */
export function readTryArguments(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...optional, 'cancel-after': { type: 'string' }, 'live-check': { type: 'boolean' } },
  })
  const { duration, guidance, 'last-image': lastImage, 'cancel-after': cancelAfter, 'live-check': isLiveCheck, ...texts } = values
  if (isLiveCheck) return 'live-check'
  const [command, ...rest] = positionals
  const image = command === 'animate' ? rest.shift() : undefined
  const prompt = rest.join(' ')
  if (prompt === '' || !(command === 'film' || (command === 'animate' && image !== undefined))) throw new Error(usage)
  return {
    command,
    options: {
      image: readFile(image),
      prompt,
      last_image: readFile(lastImage),
      duration: readNumber(duration),
      guidance: readNumber(guidance),
      ...texts,
    },
    cancelAfterSeconds: readNumber(cancelAfter),
  }
}

function readFile(path: string | undefined): { name: string; base64: string } | undefined {
  return path === undefined ? undefined : { name: basename(path), base64: readFileSync(path).toString('base64') }
}

function readNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}
