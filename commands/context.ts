import type { ClipService } from '../src/clip-service.ts'

/** What every command is given to work with. */
export interface CommandContext {
  clipService: ClipService
}
