import type { StandIns } from '../../../../sandbox/providers/stand-ins.ts'

/** A vendor's published client, and what it was tried with against the stand-in. */
export interface Vendor {
  name: string
  /** Every documented call of the client. */
  documented: readonly string[]
  /** By the name of the call; what follows it in brackets tells several tries of one call apart. Rejects unless the answer is the documented one. */
  tried: Readonly<Record<string, (providers: StandIns) => Promise<void>>>
  /** Calls that have nothing to do with this model, and why. */
  leftOut: Readonly<Record<string, string>>
}

/** The paths of all functions in an object of a client: `files.create`. */
export function callsIn(value: object, path = ''): string[] {
  return Object.entries(value).flatMap(([name, each]) => {
    if (typeof each === 'function') return [path + name]
    return typeof each === 'object' && each !== null ? callsIn(each as object, `${path}${name}.`) : []
  })
}
