import type { ClipOrder } from '../clips/clip-order.ts'
import { type EachlabsStandIn, startEachlabs } from './eachlabs/stand-in.ts'
import { type FalStandIn, startFal } from './fal/stand-in.ts'
import { ProviderClock } from './simulation/provider-clock.ts'
import type { StandIn, StandInContext } from './stand-in/stand-in.ts'
import { type ReplicateStandIn, startReplicate } from './replicate/stand-in.ts'
import { type RunwareStandIn, startRunware } from './runware/stand-in.ts'
import { startWavespeed, type WavespeedStandIn } from './wavespeed/stand-in.ts'

export interface StandInsOptions {
  /** Renders the clips; the caller closes it, after the providers. */
  clips: { render(order: ClipOrder): Promise<Uint8Array> }
  /** Virtual seconds in a real one; a five-second clip takes about 160 virtual ones. Can be changed later at `clock.speed`. */
  speed: number
  /**
   * First of twelve ports in a row: fal's queue, rest and media (+0 to +2), Replicate's api and delivery (+3, +4), WaveSpeed's api
   * and media (+5, +6), Runware's api, socket and media (+7 to +9), Eachlabs' api and media (+10, +11). Any free ones unless given.
   */
  port?: number | undefined
  /** The same seed gives the same run times. */
  seed?: string | undefined
  /** The time of whoever gets webhooks, in milliseconds since the epoch: their signatures are dated with it. The real time unless given. */
  receiverNow?: (() => number) | undefined
  /** Images that the rest of the world would serve; a stand-in never calls anyone outside. None unless given. */
  outside?: ((url: URL) => Uint8Array | undefined) | undefined
}

export interface StandIns {
  /** The providers' time, which all of them share. */
  readonly clock: ProviderClock
  readonly fal: FalStandIn
  readonly replicate: ReplicateStandIn
  readonly wavespeed: WavespeedStandIn
  readonly runware: RunwareStandIn
  readonly eachlabs: EachlabsStandIn
  readonly all: readonly StandIn[]
  /** Breaks off all jobs and connections. */
  stop(): Promise<void>
}

/**
 * The providers on this machine, speaking their real wire formats.
 * @throws when a port is taken
 */
export async function startStandIns(options: StandInsOptions): Promise<StandIns> {
  const { clips, speed, port = 0, seed = 'rushes', receiverNow = () => Date.now(), outside = () => undefined } = options
  const clock = new ProviderClock(speed)
  const contextAt = (offset: number): StandInContext => ({ clock, clips, seed, receiverNow, outside, port: port === 0 ? 0 : port + offset })
  const started: StandIn[] = []
  const keep = <Started extends StandIn>(provider: Started): Started => {
    started.push(provider)
    return provider
  }
  const stop = async () => {
    await Promise.all(started.map((provider) => provider.stop()))
    clock.close()
  }
  try {
    const fal = keep(await startFal(contextAt(0)))
    const replicate = keep(await startReplicate(contextAt(3)))
    const wavespeed = keep(await startWavespeed(contextAt(5)))
    const runware = keep(await startRunware(contextAt(7)))
    const eachlabs = keep(await startEachlabs(contextAt(10)))
    return { clock, fal, replicate, wavespeed, runware, eachlabs, all: started, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
