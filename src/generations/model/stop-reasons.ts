/** The reason of an abort because this process is shutting down: the work resumes in the next process. */
export class Stopping extends Error {
  override readonly name = 'Stopping'

  constructor() {
    super('the bot is stopping')
  }
}

/** Another process owns the generation now. Stop: write no more state and touch no card. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}
