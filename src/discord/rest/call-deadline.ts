import { AsyncLocalStorage } from 'node:async_hooks'

import type { Dispatcher } from 'undici'

import type { Deadline } from '../../lib/deadline.ts'

/** Beside the library, which passes on nothing but a signal. */
const deadlines = new AsyncLocalStorage<Deadline>()

/**
 * Runs a REST call whose request must not leave after the deadline. A check before the call is not enough: while it waits for a connection, the process
 * may be suspended, and once resumed it handles its sockets before the timer that would abort the call.
 */
export function leaveBy<Result>(deadline: Deadline | undefined, call: () => Promise<Result>): Promise<Result> {
  return deadline ? deadlines.run(deadline, call) : call()
}

/** For `Dispatcher.compose`: checks the deadline of the call immediately before its first byte is written. */
export const checkDeadline: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  const deadline = deadlines.getStore()
  return dispatch(options, deadline ? checked(handler, deadline) : handler)
}

function checked(handler: Dispatcher.DispatchHandler, deadline: Deadline): Dispatcher.DispatchHandler {
  return {
    onRequestStart(controller, context) {
      handler.onRequestStart?.(controller, context)
      try {
        deadline.throwIfOver()
      } catch (error) {
        controller.abort(error as Error)
      }
    },
    onRequestUpgrade: (...details) => handler.onRequestUpgrade?.(...details),
    onResponseStart: (...details) => handler.onResponseStart?.(...details),
    onResponseData: (...details) => handler.onResponseData?.(...details),
    onResponseEnd: (...details) => handler.onResponseEnd?.(...details),
    onResponseError: (...details) => handler.onResponseError?.(...details),
  }
}
