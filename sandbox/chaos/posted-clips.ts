import { z } from 'zod'

import type { World } from './world.ts'

const Message = z.object({
  id: z.string(),
  attachments: z.array(z.unknown()),
  components: z.array(z.unknown()).optional(),
  interaction_metadata: z.object({ id: z.string() }).nullish(),
})
const pageSize = 100
const mediaGallery = 12

/** How many messages of the channel carry each request's clip, asked of the local Discord by its own API. */
export async function countPostedClips({ discord }: World): Promise<(request: { interactionId: string; mark: string }) => number> {
  const clips: { interactionId: string | undefined; text: string }[] = []
  let before: string | undefined
  for (;;) {
    const query = new URLSearchParams({ limit: String(pageSize), ...(before !== undefined && { before }) })
    const response = await fetch(`${discord.api}/v10/channels/${discord.channel}/messages?${query.toString()}`, {
      headers: { authorization: `Bot ${discord.token}` },
    })
    const page = z.array(Message).parse(await response.json())
    for (const { attachments, components = [], interaction_metadata: origin } of page) {
      const text = JSON.stringify(components)
      const gallery = text.includes(`"type":${mediaGallery}`)
      if (attachments.length > 0 || gallery || text.includes('Open the clip')) clips.push({ interactionId: origin?.id, text })
    }
    if (page.length < pageSize) break
    before = page.map(({ id }) => id).reduce((oldest, id) => (BigInt(id) < BigInt(oldest) ? id : oldest))
  }
  return ({ interactionId, mark }) => clips.filter((clip) => clip.interactionId === interactionId || clip.text.includes(mark)).length
}
