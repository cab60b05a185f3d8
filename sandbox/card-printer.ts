/** What the terminal shows of a message. */
interface PrintedMessage {
  text: string
  buttons: readonly { label: string }[]
  attachments: readonly { filename: string }[]
}

/** Prints messages to the terminal; an edit that changes nothing visible is not printed again. */
export function createCardPrinter(): (heading: string, message: PrintedMessage) => void {
  let last = ''
  return (heading, { text, buttons, attachments }) => {
    const lines = [text, ...buttons.map(({ label }) => `[ ${label} ]`), ...attachments.map(({ filename }) => `▶ ${filename}`)].join('\n')
    if (lines === last) return
    last = lines
    console.log(`\n  ${heading}\n${render(lines).replaceAll(/^/gm, '  │ ')}`)
  }
}

/** Writes timestamps and mentions as a Discord client shows them. The only member of the sandbox is you. */
function render(text: string): string {
  const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
  return text
    .replaceAll(/<t:(\d+):R>/g, (_match, seconds: string) => relative.format(Math.round(Number(seconds) - Date.now() / 1000), 'second'))
    .replaceAll(/<@\d+>/g, '@You')
}
