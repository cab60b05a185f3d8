// Plain JavaScript on purpose: an old Node must be able to read this file in order to say that it is too old.
const needed = 24
const running = Number(process.versions.node.split('.')[0])
if (running < needed) {
  console.error(`Rushes needs Node ${needed} or newer; this is Node ${process.versions.node}.`)
  console.error('`npm ci` brings the right one for npm scripts: run `npm ci`, then `npm start`.')
  console.error(
    'If your npm skips install scripts, run `npm install-scripts approve node` first, or install Node 24 from https://nodejs.org.',
  )
  process.exit(1)
}
await import(new URL('./start.ts', import.meta.url).href)
