import { z } from 'zod'

import { isBlockedLiteral } from '../../network/address-guard.ts'
import type { Network } from '../../network/network.ts'

/** The gateway URL in Discord's response is not safe to connect to. The message leaves out the URL itself. */
export class UnsafeGatewayUrl extends Error {
  override readonly name = 'UnsafeGatewayUrl'

  constructor(reason: string, options?: ErrorOptions) {
    super(`Discord's gateway URL ${reason}`, options)
  }
}

/** Whether the response to this request names a gateway. */
export function isGatewayRequest(url: string): boolean {
  return /\/gateway(\/bot)?$/.test(URL.parse(url)?.pathname ?? '')
}

/** Throws `UnsafeGatewayUrl` unless the response names a wss URL on the public internet. The sandbox allows private addresses, so any URL. */
export async function checkGatewayUrl(response: Uint8Array, { allowPrivateAddresses, lookup }: Network): Promise<void> {
  if (allowPrivateAddresses) return
  const url = readUrl(response)
  if (!url) throw new UnsafeGatewayUrl('is missing or malformed')
  if (url.protocol !== 'wss:') throw new UnsafeGatewayUrl('does not use wss')
  if (isBlockedLiteral(url.hostname)) throw new UnsafeGatewayUrl('is not a public address')
  await new Promise<void>((resolve, reject) => {
    // The network's resolver itself rejects private addresses.
    lookup(url.hostname.replace(/^\[(.*)\]$/, '$1'), { all: true }, (error) => {
      if (error) reject(new UnsafeGatewayUrl('resolves to no public address', { cause: error }))
      else resolve()
    })
  })
}

function readUrl(response: Uint8Array): URL | null {
  try {
    return URL.parse(z.object({ url: z.string() }).parse(JSON.parse(new TextDecoder().decode(response))).url)
  } catch {
    return null
  }
}
