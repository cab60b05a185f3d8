/** One line made wrong on purpose, and the test that must notice. */
export interface Fault {
  /** What goes wrong, in a few words. */
  name: string
  file: string
  /** Text that stands exactly once in the file. */
  from: string
  to: string
  /** The test file that must turn red. */
  test: string
  /** Narrows the run to tests whose name contains this. */
  title?: string | undefined
}
