import { z } from 'zod'

const Component = z.object({
  type: z.number(),
  label: z.string().nullish(),
  url: z.string().nullish(),
  items: z.array(z.object({ media: z.object({ attachment_id: z.string().nullish(), content_type: z.string().nullish() }) })).nullish(),
  get components() {
    return z.array(Component).nullish()
  },
})
type Component = z.infer<typeof Component>

const button = 2
const mediaGallery = 12

/**
 * Does the message show its clip: in a gallery that plays one of its own files, or as a link button to the provider? An attachment alone proves nothing: an
 * edit of the components keeps it, invisibly.
 * @param components as Discord's API returns them
 */
export function showsClip(components: unknown): boolean {
  return z.array(Component).parse(components).some(isClip)
}

function isClip({ type, label, url, items, components }: Component): boolean {
  if (type === button) return label === 'Open the clip' && typeof url === 'string'
  if (type === mediaGallery) {
    return (items ?? []).some(({ media }) => typeof media.attachment_id === 'string' && media.content_type?.startsWith('video/') === true)
  }
  return (components ?? []).some(isClip)
}
