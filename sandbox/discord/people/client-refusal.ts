/** A Discord client would not have sent this: a wrong option, a missing button, an unregistered command. */
export class ClientRefusal extends Error {
  override readonly name = 'ClientRefusal'
  /** The invalid option, if the refusal is about one. */
  readonly option: string | undefined

  constructor(message: string, option?: string) {
    super(option === undefined ? message : `${option}: ${message}`)
    this.option = option
  }
}
