/** `answerParent` without a check of the questions: the package for it would be part of the baseline's start and memory. */
export function answer(functions: Readonly<Record<string, (question: never) => unknown>>): void {
  process.once('disconnect', () => process.exit(0))
  process.on('message', ({ id, name, question }: { id: number; name: string; question: never }) => {
    // Its answer may be a promise, which may reject.
    new Promise((resolve) => resolve(functions[name]?.(question))).then(
      (value) => process.send?.({ id, answer: value }),
      (error: unknown) => process.send?.({ id, answer: undefined, error: String(error) }),
    )
  })
}
