import { ApiError } from '../errors.ts'
import type { FormErrors } from '../errors.ts'

/** One thing that is wrong with a form: where, Discord's code where it is known (else one in its manner), and a sentence. */
export interface FormIssue {
  path: (string | number)[]
  code: string
  message: string
}

/** Throws 50035 with every issue at its place under `errors`; does nothing without issues. */
export function refuseForm(issues: readonly FormIssue[]): void {
  if (issues.length === 0) return
  const errors: FormErrors = {}
  for (const { path, code, message } of issues) {
    let place = errors
    for (const step of path) {
      const inner = place[step]
      const next: FormErrors = inner && !Array.isArray(inner) ? inner : {}
      place[step] = next
      place = next
    }
    const here = place['_errors']
    place['_errors'] = [...(Array.isArray(here) ? here : []), { code, message }]
  }
  throw new ApiError(400, 50035, 'Invalid Form Body', errors)
}
