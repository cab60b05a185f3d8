import type { Studio } from '../src/clip-service.ts'

/** What every command is given to work with. */
export interface Parts {
  studio: Studio
}
