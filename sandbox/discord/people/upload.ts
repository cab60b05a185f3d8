import type { APIAttachment } from 'discord-api-types/v10'

import { contentTypeOf, imageSizeOf, storedFilename } from '../model/files.ts'
import type { Wire } from '../payloads/wire.ts'
import type { World } from '../world/world.ts'
import type { PickedFile } from './options.ts'

/** Stores a member's file under an ephemeral URL and describes it as an interaction's `resolved` does. */
export function uploadForInteraction(file: PickedFile, world: World): Wire<APIAttachment> {
  const [id, filename] = [world.snowflakes.next(), storedFilename(file.name)]
  const path = `/ephemeral-attachments/${world.applicationId}/${id}/${filename}`
  const contentType = contentTypeOf(filename)
  world.cdn.put(path, { bytes: Buffer.from(file.bytes), contentType })
  const url = world.cdn.sign(path)
  return {
    id,
    filename,
    size: file.bytes.length,
    url,
    proxy_url: url,
    content_type: contentType,
    ephemeral: true,
    ...imageSizeOf(file.bytes),
    ...file.claims,
  }
}
