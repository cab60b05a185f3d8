import { Socket } from 'node:net'

import type { Client } from 'pg'

/** The server sent nothing for too long; the connection may be intact or gone. */
export class StoreSilentError extends Error {
  override readonly name = 'StoreSilentError'
  readonly code = 'ETIMEDOUT'

  constructor() {
    super('the PostgreSQL server stopped responding')
  }
}

/** A living server closes its side of a connection within this time after ours (milliseconds). */
const closeTimeoutMs = 2000

/**
 * A socket that is destroyed once no byte has moved on it for `silenceMs` milliseconds (0: never). Silence is timed rather than the statement,
 * because a large image may take long on a slow link. The pool never reuses a destroyed connection.
 */
export function openSocket(silenceMs: number): Socket {
  const socket = new Socket()
  socket.setTimeout(silenceMs)
  socket.on('timeout', () => {
    const { bytesRead } = socket
    // If this process itself was suspended, the response may be waiting to be read.
    setImmediate(() => {
      if (socket.bytesRead === bytesRead) socket.destroy(socket.writableEnded ? undefined : new StoreSilentError())
    })
  })
  socket.once('finish', () => socket.setTimeout(closeTimeoutMs))
  return socket
}

/** Statements that keep checking an idle connection. */
export interface Heartbeat {
  statement: string
  /** Milliseconds between two of them. */
  everyMs: number
  /** Milliseconds after which a missing response ends the connection. */
  timeoutMs: number
}

/** Ends the connection if a heartbeat gets no response: a broken connection looks like an idle one. */
export function startHeartbeat(client: Client, { statement, everyMs, timeoutMs }: Heartbeat): void {
  let deadline: NodeJS.Timeout | undefined
  const onResponse = () => {
    clearTimeout(deadline)
    deadline = undefined
  }
  const timer = setInterval(() => {
    if (deadline) return
    const own = setTimeout(() => {
      setImmediate(() => {
        if (deadline === own) void client.end() // ends the pending statement, too
      })
    }, timeoutMs)
    deadline = own
    client.query(statement).then(onResponse, onResponse)
  }, everyMs)
  client.once('end', () => {
    clearInterval(timer)
    clearTimeout(deadline)
    deadline = undefined
  })
}
