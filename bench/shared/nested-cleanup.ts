/** Cleanup for one part of a bench. The bench disposes of it, too, so that nothing outlives a run that is interrupted in this part. */
export function nestedCleanup(cleanup: AsyncDisposableStack): AsyncDisposableStack {
  const own = new AsyncDisposableStack()
  cleanup.defer(() => own.disposeAsync())
  return own
}
