import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import sharp from 'sharp'
import { expect, it, onTestFinished } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import { testImage } from '../../support/media/test-image.ts'
import { fetchBytes, finishedCard, sha256, testSandbox } from '../../support/sandbox/sandbox.ts'
import { countRows, readImageHashes } from '../../support/store/store-reader.ts'

/** Serves an image and counts the requests. */
async function startImageServer(bytes: Buffer): Promise<{ url: string; served: () => number }> {
  let served = 0
  const server = createServer((_request, response) => {
    served += 1
    response.writeHead(200, { 'content-type': 'image/png' }).end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/picture.png`, served: () => served }
}

it('an image is only downloaded from Discord, whatever its link says', async () => {
  const bytes = await testImage()
  const elsewhere = await startImageServer(bytes)
  const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' } })
  const claims = { width: 640, height: 360, url: elsewhere.url }
  const interaction = await sandbox.discord.member.run('animate', { image: { name: 'picture.png', bytes, claims }, prompt: 'it moves' })
  const accepted = interaction.reply((message) => message.buttons.length > 0)
  const answer = await Promise.race([accepted.catch(() => interaction.followUp()), interaction.followUp()])
  expect(answer).toMatchObject({ ephemeral: true })
  expect(answer.text).toMatch(/couldn't download the image from Discord/)
  await interaction.replyDeleted()
  await sandbox.stopBot()
  expect(elsewhere.served()).toBe(0)
  expect(countRows(sandbox, 'generations')).toBe(0)
  expect(await reconcile(sandbox)).toMatchObject({ spent: 0, reserved: 0, invoiced: 0 })
})

it('a provider gets, and the store keeps, an image without what the camera wrote into it', async () => {
  const place = { GPSLatitudeRef: 'N', GPSLatitude: '52/1 31/1 12/1' }
  const bytes = await sharp(await testImage())
    .withExif({ IFD0: { Artist: 'A. Member' }, IFD3: place })
    .jpeg()
    .toBuffer()
  const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' } })
  const interaction = await sandbox.discord.member.run('animate', { image: { name: 'photo.jpg', bytes }, prompt: 'it moves' })
  await finishedCard(interaction)
  const [job] = sandbox.providers.fal.jobs.list()
  const sent = await fetchBytes(job?.order.firstImageUrl ?? '')
  expect((await sharp(bytes).metadata()).exif).toBeDefined()
  expect(await sharp(sent).metadata()).not.toHaveProperty('exif')
  expect(sent.toString('latin1')).not.toMatch(/A\. Member|Exif/)
  expect((await sharp(sent).raw().toBuffer()).equals(await sharp(bytes).raw().toBuffer())).toBe(true)
  expect(readImageHashes(sandbox)).toEqual([sha256(sent)])
})
