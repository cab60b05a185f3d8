import type { Changes } from '../model/changes.ts'
import type { DiscordClock } from '../model/clock.ts'
import type { Session } from './session.ts'
import type { GatewaySettings } from './settings.ts'

/** What the gateway knows of the rest of the local Discord. */
export interface GatewayContext {
  settings: GatewaySettings
  clock: DiscordClock
  /** Where clients resume. */
  url: string
  changes: Changes
  isToken: (token: string) => boolean
  resetToken: () => void
  /** READY without the fields of the session. */
  ready: (session: Session) => Record<string, unknown>
  /** The events that follow READY: one GUILD_CREATE for each guild of the session. */
  afterReady: (session: Session) => { type: string; payload: unknown }[]
}
