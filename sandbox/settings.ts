/** The port at which `npm start` runs the local Discord and `npm run try` finds it. */
export const discordPort = readPort('SANDBOX_PORT', 4650)
export const providersPort = discordPort + 10
/** How many seconds pass at the providers in one real second: a clip of 160 s takes 8. */
export const providerSpeed = 20

function readPort(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback)
  if (Number.isInteger(value) && value >= 1024 && value <= 65_000) return value
  throw new Error(`${name} must be a port from 1024 to 65000`)
}
