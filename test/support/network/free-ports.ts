import { createServer } from 'node:net'

/** A port such that it and those at these distances from it are free, below the range from which the system hands out ports. */
export async function freePort(distances: readonly number[]): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    const taken = await Promise.all([0, ...distances].map(async (distance) => !(await isFree(port + distance))))
    if (!taken.includes(true)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
