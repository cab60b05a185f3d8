import type { Studio } from '../src/studio.ts'

/** What every command is given to work with. */
export interface Parts {
  studio: Studio
}
