import type { ClipOrder } from '../clips/clip-order.ts'
import { startEachlabs } from './eachlabs/stand-in.ts'
import { startFal } from './fal/stand-in.ts'
import { startReplicate } from './replicate/stand-in.ts'
import { startRunware } from './runware/stand-in.ts'
import { ProviderClock } from './simulation/provider-clock.ts'
import type { StandIn, StandInContext } from './stand-in/stand-in.ts'
import { startWavespeed } from './wavespeed/stand-in.ts'

export interface StandInsOptions {
  /** Renders the clips; the caller closes it after the stand-ins have stopped. */
  clips: { render(order: ClipOrder): Promise<Uint8Array> }
  /** Virtual seconds per real second; a five-second clip takes about 160 virtual ones. `clock.speed` changes it later. */
  speed: number
  /** The first of thirteen consecutive ports: the origins of fal, Replicate, WaveSpeed, Runware and Eachlabs. Any free ones unless given. */
  port?: number | undefined
  /** The same seed gives the same run times. */
  seed?: string | undefined
  /** The webhook receiver's time, in milliseconds since the epoch, which dates signatures. Real time unless given. */
  receiverNow?: (() => number) | undefined
  /** Serves finished clips for ever, for a run in which the providers' clock is much faster than the bot's. */
  keepOutputs?: boolean | undefined
  /** No limits of jobs and create calls, for load. A new account has those that its provider documents. */
  unlimited?: boolean | undefined
  /** Images at public addresses, which a stand-in never requests. None unless given. */
  outside?: ((url: URL) => Uint8Array | undefined) | undefined
}

type Start = <Name extends string>(start: (context: StandInContext) => Promise<StandIn<Name>>) => Promise<StandIn<Name>>

/** Every stand-in, in the order of their ports. */
async function startEach(start: Start) {
  return {
    fal: await start(startFal),
    replicate: await start(startReplicate),
    wavespeed: await start(startWavespeed),
    runware: await start(startRunware),
    eachlabs: await start(startEachlabs),
  }
}

export interface StandIns extends Awaited<ReturnType<typeof startEach>> {
  /** The time of all providers. */
  readonly clock: ProviderClock
  readonly all: readonly StandIn[]
  /** Aborts all jobs and closes all connections. */
  stop(): Promise<void>
}

/**
 * Starts the providers on this machine, with their real wire formats.
 * @throws when a port is taken
 */
export async function startStandIns(options: StandInsOptions): Promise<StandIns> {
  const { clips, speed, seed = 'rushes', receiverNow = () => Date.now(), outside = () => undefined } = options
  const { keepOutputs = false, unlimited = false } = options
  const clock = new ProviderClock(speed)
  const all: StandIn[] = []
  let port = options.port ?? 0
  const start: Start = async (startOne) => {
    const standIn = await startOne({ clock, clips, seed, receiverNow, outside, keepOutputs, unlimited, port })
    all.push(standIn)
    if (port > 0) port += Object.keys(standIn.origins).length
    return standIn
  }
  const stop = async () => {
    await Promise.all(all.map((standIn) => standIn.stop()))
    clock.close()
  }
  try {
    return { ...(await startEach(start)), clock, all, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
