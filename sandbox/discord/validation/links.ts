import { type FormIssue, type FormPath, issue } from '../model/form-issues.ts'

export const webSchemes: readonly string[] = ['http', 'https']
/** A link button may also open a place in the client. */
export const buttonSchemes: readonly string[] = [...webSchemes, 'discord']

/** What Discord refuses of a well-formed URL: `javascript:`, `ftp:` and every other scheme that has no use in this place. */
export function schemeIssues(url: string | null | undefined, path: FormPath, schemes: readonly string[]): FormIssue[] {
  if (!url) return []
  const scheme = new URL(url).protocol.slice(0, -1)
  if (schemes.includes(scheme)) return []
  const listed = schemes.map((name) => `'${name}'`).join(', ')
  return [issue(path, 'URL_TYPE_INVALID_SCHEME', `Scheme "${scheme}" is not supported. Scheme must be one of (${listed}).`)]
}
