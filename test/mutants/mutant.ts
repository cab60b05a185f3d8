/** One change to the source that breaks a promise, and the test that must notice it. */
export interface Mutant {
  /** What goes wrong, in a few words. */
  name: string
  file: string
  /** The function, method, class or variable that is changed; `outer.inner` for one inside another. */
  in: string
  /** Selects exactly one node in it, in ESLint's selector language. */
  at: string
  /** The new source of the node; `{{node}}` stands for the old one, `{{callee.object}}` for a part of it. Empty removes the node. */
  with: string
  /** The test file that must fail. */
  test: string
  /** Narrows the run to tests whose full name contains this. */
  title?: string
}
