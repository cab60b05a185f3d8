/** Where `npm start` puts the sandbox and where `npm run try` looks for it. */
export const discordPort = portFrom('SANDBOX_PORT', 4650)
export const providersPort = discordPort + 10
/** Seconds at the providers in one of ours: a clip of 160 s takes 8. */
export const providerSpeed = 20

function portFrom(name: string, usual: number): number {
  const value = Number(process.env[name] ?? usual)
  if (Number.isInteger(value) && value >= 1024 && value <= 65_000) return value
  throw new Error(`${name} is a port from 1024 to 65000`)
}
