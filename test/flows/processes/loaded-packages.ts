// Imported before other modules of a process: prints the packages that were loaded by then, when the process exits.
import { registerHooks } from 'node:module'

const packages = new Set<string>()
registerHooks({
  load: (url, context, nextLoad) => {
    const name = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
    if (name) packages.add(name)
    return nextLoad(url, context)
  },
})
process.on('exit', () => process.stdout.write(JSON.stringify([...packages])))
