import type { ClipOrder } from '../clips/clip-order.ts'
import { type EachlabsHost, startEachlabs } from './eachlabs/eachlabs-stand-in.ts'
import { type FalHost, startFal } from './fal/fal-stand-in.ts'
import { HostClock } from './provider-clock.ts'
import type { Host, HostParts } from './stand-in.ts'
import { type ReplicateHost, startReplicate } from './replicate/replicate-stand-in.ts'
import { type RunwareHost, startRunware } from './runware/runware-stand-in.ts'
import { startWavespeed, type WavespeedHost } from './wavespeed/wavespeed-stand-in.ts'

export interface HostsOptions {
  /** Renders the clips; the caller closes it, after the hosts. */
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
  /** Pictures that the rest of the world would serve; a stand-in never calls anyone outside. None unless given. */
  outside?: ((url: URL) => Uint8Array | undefined) | undefined
}

export interface Hosts {
  /** The hosts' time, which all of them share. */
  readonly clock: HostClock
  readonly fal: FalHost
  readonly replicate: ReplicateHost
  readonly wavespeed: WavespeedHost
  readonly runware: RunwareHost
  readonly eachlabs: EachlabsHost
  readonly all: readonly Host[]
  /** Breaks off all jobs and connections. */
  stop(): Promise<void>
}

/**
 * The hosts on this machine, speaking their real wire formats.
 * @throws when a port is taken
 */
export async function startHosts(options: HostsOptions): Promise<Hosts> {
  const { clips, speed, port = 0, seed = 'rushes', receiverNow = () => Date.now(), outside = () => undefined } = options
  const clock = new HostClock(speed)
  const partsAt = (offset: number): HostParts => ({ clock, clips, seed, receiverNow, outside, port: port === 0 ? 0 : port + offset })
  const started: Host[] = []
  const keep = <Started extends Host>(host: Started): Started => {
    started.push(host)
    return host
  }
  const stop = async () => {
    await Promise.all(started.map((host) => host.stop()))
    clock.close()
  }
  try {
    const fal = keep(await startFal(partsAt(0)))
    const replicate = keep(await startReplicate(partsAt(3)))
    const wavespeed = keep(await startWavespeed(partsAt(5)))
    const runware = keep(await startRunware(partsAt(7)))
    const eachlabs = keep(await startEachlabs(partsAt(10)))
    return { clock, fal, replicate, wavespeed, runware, eachlabs, all: started, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
