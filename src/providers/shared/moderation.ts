/** How Kling refuses content; every provider passes these texts on unchanged. */
const refusals = [/risk control system/i, /flagged as sensitive/i, /\(E005\)/, /content_policy_violation/i]

export function isModerationText(text: string): boolean {
  return refusals.some((refusal) => refusal.test(text))
}
