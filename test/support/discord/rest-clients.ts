import { createRestClients, type RestClients, type RestClientsOptions } from '../../../src/discord/rest/clients.ts'
import { createTransport } from '../../../src/discord/rest/transport.ts'
import { createNetwork } from '../../../src/network/network.ts'

/** REST clients over the guarded transport, as the bot creates them; Discord is on this machine. `close` closes the network too. */
export function openRestClients(options: Omit<RestClientsOptions, 'makeRequest'>): RestClients {
  const network = createNetwork({ allowPrivateAddresses: true })
  const clients = createRestClients({ ...options, makeRequest: createTransport(network) })
  return {
    ...clients,
    close() {
      clients.close()
      void network.close()
    },
  }
}
