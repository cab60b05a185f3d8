import type { ClipOrder } from '../clips/clip-order.ts'
import { type FalHost, startFal } from './fal/fal-host.ts'
import { HostClock } from './host-clock.ts'
import { type ReplicateHost, startReplicate } from './replicate/replicate-host.ts'

export interface HostsOptions {
  /** Renders the clips; the caller closes it, after the hosts. */
  clips: { render(order: ClipOrder): Promise<Uint8Array> }
  /** Virtual seconds in a real one; a five-second clip takes about 160 virtual ones. Can be changed later at `clock.speed`. */
  speed: number
  /**
   * First of five ports in a row: fal's queue, rest and media, Replicate's api and delivery. Any free ones unless given.
   */
  port?: number | undefined
  /** The same seed gives the same run times. */
  seed?: string | undefined
}

export interface Hosts {
  /** The hosts' time, which all of them share. */
  readonly clock: HostClock
  readonly fal: FalHost
  readonly replicate: ReplicateHost
  /** Breaks off all jobs and connections. */
  stop(): Promise<void>
}

/**
 * The hosts on this machine, speaking their real wire formats.
 * @throws when a port is taken
 */
export async function startHosts({ clips, speed, port = 0, seed = 'rushes' }: HostsOptions): Promise<Hosts> {
  const clock = new HostClock(speed)
  const parts = { clock, clips, seed }
  const started: { stop(): Promise<void> }[] = []
  const stop = async () => {
    await Promise.all(started.map((host) => host.stop()))
    clock.close()
  }
  try {
    const fal = await startFal({ ...parts, port })
    started.push(fal)
    const replicate = await startReplicate({ ...parts, port: port === 0 ? 0 : port + 3 })
    started.push(replicate)
    return { clock, fal, replicate, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
