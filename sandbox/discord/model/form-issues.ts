import { ApiError, type FormErrors } from './errors.ts'

export type FormPath = readonly (string | number)[]

/** One fault in a request body. `code` is Discord's, or one in its style where Discord's is unknown. */
export interface FormIssue {
  path: FormPath
  code: string
  message: string
}

export function issue(path: FormPath, code: string, message: string): FormIssue {
  return { path, code, message }
}

export function missing(path: FormPath): FormIssue {
  return issue(path, 'BASE_TYPE_REQUIRED', 'This field is required')
}

export function tooMany(path: FormPath, maximum: number): FormIssue {
  return issue(path, 'BASE_TYPE_BAD_LENGTH', `Must be ${maximum} or fewer in length.`)
}

/** Prefixes the path of every issue. */
export function below(base: FormPath, issues: readonly FormIssue[]): FormIssue[] {
  return issues.map((inner) => ({ ...inner, path: [...base, ...inner.path] }))
}

/** Throws 50035 if there are issues. */
export function refuseForm(issues: readonly FormIssue[]): void {
  if (issues.length > 0) throw formError(issues)
}

/** 50035 with every issue at its path under `errors`. */
export function formError(issues: readonly FormIssue[]): ApiError {
  const errors: FormErrors = {}
  for (const { path, code, message } of issues) {
    let node = errors
    for (const step of path) {
      const inner = node[step]
      const next: FormErrors = inner && !Array.isArray(inner) ? inner : {}
      node[step] = next
      node = next
    }
    const reported = node['_errors']
    node['_errors'] = [...(Array.isArray(reported) ? reported : []), { code, message }]
  }
  return new ApiError(400, 50035, 'Invalid Form Body', errors)
}
