import type { WebSocket } from 'ws'

/** Ends a connection with one of Discord's close codes. */
export class GatewayRefusal extends Error {
  override readonly name = 'GatewayRefusal'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }

  end(client: WebSocket): void {
    client.close(this.code, this.message)
  }
}

/** Codes and reasons from Discord's table of gateway close codes. */
export const refuseClient = {
  unknownOpcode: () => new GatewayRefusal(4001, 'Unknown opcode.'),
  undecodable: () => new GatewayRefusal(4002, 'Error while decoding payload.'),
  notAuthenticated: () => new GatewayRefusal(4003, 'Not authenticated.'),
  authenticationFailed: () => new GatewayRefusal(4004, 'Authentication failed.'),
  alreadyAuthenticated: () => new GatewayRefusal(4005, 'Already authenticated.'),
  invalidSequence: () => new GatewayRefusal(4007, 'Invalid seq.'),
  rateLimited: () => new GatewayRefusal(4008, 'Rate limited.'),
  sessionTimedOut: () => new GatewayRefusal(4009, 'Session timed out.'),
  invalidShard: () => new GatewayRefusal(4010, 'Invalid shard.'),
  shardingRequired: () => new GatewayRefusal(4011, 'Sharding required.'),
  invalidVersion: () => new GatewayRefusal(4012, 'Invalid API version.'),
  invalidIntents: () => new GatewayRefusal(4013, 'Invalid intent(s).'),
  disallowedIntents: () => new GatewayRefusal(4014, 'Disallowed intent(s).'),
} as const
