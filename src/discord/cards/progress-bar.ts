/** `▰▰▰▱▱▱▱▱▱▱`: ten steps, short enough for a phone. */
export function formatBar(progress: number): string {
  const steps = Math.min(10, Math.max(0, Math.floor(progress * 10)))
  return '▰'.repeat(steps) + '▱'.repeat(10 - steps)
}
