import { Socket } from 'node:net'

import type { Client } from 'pg'

/** The server said nothing for longer than anything takes; the connection may be whole or long gone. */
export class StoreSilentError extends Error {
  override readonly name = 'StoreSilentError'
  readonly code = 'ETIMEDOUT'

  constructor() {
    super('the PostgreSQL server does not answer any more')
  }
}

/** A server that is still there has closed its side of a connection within this time of ours (milliseconds). */
const farewellMs = 2000

/**
 * A socket that breaks once no byte has moved on it for this many milliseconds (0: never). Not the statement is timed but the silence: a large image
 * may take longer on a slow line, and a connection that was given up is broken, so that it is never handed to the next statement.
 */
export function openSocket(silenceMs: number): Socket {
  const socket = new Socket()
  socket.setTimeout(silenceMs)
  socket.on('timeout', () => {
    const { bytesRead } = socket
    // After this process itself stood still, the answer may only wait to be read: look once before giving up.
    setImmediate(() => {
      if (socket.bytesRead === bytesRead) socket.destroy(socket.writableEnded ? undefined : new StoreSilentError())
    })
  })
  socket.once('finish', () => socket.setTimeout(farewellMs))
  return socket
}

/** How often a connection that mostly waits is asked whether it still stands, and how long the answer may take (milliseconds). */
export interface Beat {
  statement: string
  everyMs: number
  patienceMs: number
}

/** Asks now and then, and ends the connection where no answer comes: a line that was cut in silence looks like one on which nothing happens. */
export function keepAsking(client: Client, { statement, everyMs, patienceMs }: Beat): void {
  let deadline: NodeJS.Timeout | undefined
  const answered = () => {
    clearTimeout(deadline)
    deadline = undefined
  }
  const asking = setInterval(() => {
    if (deadline) return
    const own = setTimeout(() => {
      setImmediate(() => {
        if (deadline === own) void client.end() // a statement is under way, so this breaks it off
      })
    }, patienceMs)
    deadline = own
    client.query(statement).then(answered, answered)
  }, everyMs)
  client.once('end', () => {
    clearInterval(asking)
    clearTimeout(deadline)
    deadline = undefined
  })
}
