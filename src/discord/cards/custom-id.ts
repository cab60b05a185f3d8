/** A custom id is `name:argument`, so that a button works after a restart and in any process. Discord allows 100 characters. */
export function customIdOf(name: string, argument: string): string {
  return `${name}:${argument}`
}

export function parseCustomId(customId: string): { name: string; argument: string } {
  const colon = customId.indexOf(':')
  return colon === -1 ? { name: customId, argument: '' } : { name: customId.slice(0, colon), argument: customId.slice(colon + 1) }
}
