/** The member's own client would not have sent this: a wrong option, a button that is not there, a command nobody registered. */
export class ClientRefusal extends Error {
  override readonly name = 'ClientRefusal'
  /** The option at fault, where there is one. */
  readonly option: string | undefined

  constructor(message: string, option?: string) {
    super(option === undefined ? message : `${option}: ${message}`)
    this.option = option
  }
}
