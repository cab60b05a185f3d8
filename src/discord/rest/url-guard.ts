import { isBlockedLiteral } from '../../network/address-guard.ts'
import type { Network } from '../../network/network.ts'

/** Discord, or whoever answers in its place, named a gateway that must not be connected to. The address itself is not repeated. */
export class GatewayRefused extends Error {
  override readonly name = 'GatewayRefused'

  constructor(reason: string, options?: ErrorOptions) {
    super(`the gateway that Discord names ${reason}`, options)
  }
}

/** Is this the call that asks where the gateway is? */
export function namesGateway(url: string): boolean {
  return /\/gateway(\/bot)?$/.test(URL.parse(url)?.pathname ?? '')
}

/**
 * Throws `GatewayRefused` unless the answer names a wss address that leads to the public internet. Where private addresses are allowed (the
 * sandbox) anything goes.
 */
export async function judgeGateway(answer: ArrayBuffer, { allowPrivateAddresses, lookup }: Network): Promise<void> {
  if (allowPrivateAddresses) return
  const address = URL.parse(readUrl(answer) ?? '')
  if (!address) throw new GatewayRefused('is no address')
  if (address.protocol !== 'wss:') throw new GatewayRefused('does not speak wss')
  if (isBlockedLiteral(address.hostname)) throw new GatewayRefused('is not a public address')
  await new Promise<void>((resolve, reject) => {
    // The network's resolver refuses by itself what is not public.
    lookup(address.hostname.replace(/^\[(.*)\]$/, '$1'), { all: true }, (error) => {
      if (error) reject(new GatewayRefused('leads to no public address', { cause: error }))
      else resolve()
    })
  })
}

function readUrl(answer: ArrayBuffer): string | undefined {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(answer))
    return typeof parsed === 'object' && parsed !== null && 'url' in parsed && typeof parsed.url === 'string' ? parsed.url : undefined
  } catch {
    return undefined
  }
}
