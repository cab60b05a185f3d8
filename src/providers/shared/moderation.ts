/** How Kling itself turns content down; the words pass unchanged through every provider that resells it. */
const refusals = [/risk control system/i, /flagged as sensitive/i, /\(E005\)/, /content_policy_violation/i]

/** Do these words of a provider say that the content was refused? */
export function isModerationText(text: string): boolean {
  return refusals.some((refusal) => refusal.test(text))
}
