import { Socket } from 'node:net'

import type { Client } from 'pg'
import { z } from 'zod'

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

/** How often a socket is checked within `silenceMs`. */
const checks = 4

/**
 * A socket that is destroyed once no byte has moved on it for `silenceMs` milliseconds (0: never). Silence is timed rather than the statement,
 * because a large image may take long on a slow link. The pool never reuses a destroyed connection. `signal` destroys it at once.
 */
export function openSocket(silenceMs: number, signal?: AbortSignal): Socket {
  const socket = new Socket()
  let silentChecks = 0
  let moved = 0
  socket.setTimeout(silenceMs / checks)
  socket.on('timeout', () => {
    // If this process itself was suspended, the response may be waiting to be read.
    setImmediate(() => {
      const before = moved
      moved = bytesMoved(socket)
      silentChecks = moved === before ? silentChecks + 1 : 0
      if (socket.writableEnded) socket.destroy()
      else if (silentChecks >= checks - 1) socket.destroy(new StoreSilentError())
      else socket.setTimeout(silenceMs / checks)
    })
  })
  socket.once('finish', () => socket.setTimeout(closeTimeoutMs))
  const onAbort = () => socket.destroy()
  signal?.addEventListener('abort', onAbort, { once: true })
  socket.once('close', () => signal?.removeEventListener('abort', onAbort))
  if (signal?.aborted) onAbort()
  return socket
}

const Handle = z.object({ bytesRead: z.number(), bytesWritten: z.number(), writeQueueSize: z.number() })

/**
 * In both directions, to and from the system. A socket's own counters, and its timer, see nothing of what TLS moves through it, and count a large write
 * as sent at once.
 */
function bytesMoved(socket: Socket): number {
  const { data: handle } = Handle.safeParse(Reflect.get(socket, '_handle'))
  return handle ? handle.bytesRead + handle.bytesWritten - handle.writeQueueSize : socket.bytesRead + socket.bytesWritten
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
