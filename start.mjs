import { fileURLToPath } from 'node:url'

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
// Compiled code is kept, so that later starts of a version need about 40 % less processor time. In the project, because others can write to the
// system's temporary folder. Where nothing can be written, nothing is kept.
const { enableCompileCache } = await import('node:module')
enableCompileCache(fileURLToPath(new URL('./node_modules/.cache/compile', import.meta.url)))
await import(new URL('./start.ts', import.meta.url).href)
