import type { HostedImages, LostSubmission, Operation } from '../provider.ts'
import type { ProviderHttp } from '../shared/http.ts'
import { readJson } from '../shared/response.ts'
import { type ListedPrediction, PredictionPage } from './schemas.ts'

/** A hundred predictions each. A job is not found if its account makes more than these between the lost response and the search. */
const maxPages = 5
/** How far their clock and ours may differ. */
const clockSkewMs = 120_000
/** Our tokens are longer; a shorter one could be part of another URL by chance. */
const minTokenLength = 16

interface Search {
  images: HostedImages
  lost: LostSubmission
  signal: AbortSignal
}

/**
 * Looks for an attempt's prediction among the account's recent ones: by the token in its webhook URL, or by the image that was uploaded for it. The same
 * prompt proves nothing, neither do two matches, and one that is absent may still appear.
 */
export async function findLostPrediction(http: ProviderHttp, api: string, search: Search): Promise<Operation | 'unknown'> {
  const isOurs = matcherFor(search)
  if (!isOurs) return 'unknown'
  const earliest = search.lost.submittedAt - clockSkewMs
  const found = new Set<string>()
  const readPage = (at: string): Promise<PredictionPage> =>
    http.send({ method: 'GET', url: at, step: 'follow', signal: search.signal, read: readJson(PredictionPage) })
  let url: string | undefined = `${api}/predictions`
  for (let page = 0; url !== undefined && page < maxPages; page++) {
    const { next, results } = await readPage(url)
    const recent = results.filter(({ created_at: createdAt }) => createdAt >= earliest)
    for (const prediction of recent) if (isOurs(prediction)) found.add(prediction.id)
    const hasMoreRecent = results.length > 0 && recent.length === results.length
    url = hasMoreRecent ? http.ownUrl(next) : undefined
  }
  const [id, another] = found
  return id === undefined || another !== undefined ? 'unknown' : { id }
}

/** Tells the attempt's prediction from others; undefined where nothing identifies it. */
function matcherFor({ images: { firstFrame, lastFrame }, lost }: Search): ((prediction: ListedPrediction) => boolean) | undefined {
  const token = lost.webhookUrl?.split(/[?#]/)[0]?.split('/').findLast(Boolean)
  const hasToken = token !== undefined && token.length >= minTokenLength
  if (!hasToken && !firstFrame) return undefined
  return ({ webhook, input }) => {
    if (hasToken && webhook) return webhook.split(/[/?#]/).includes(token)
    return firstFrame !== undefined && input?.start_image === firstFrame.url && (input.end_image ?? undefined) === lastFrame?.url
  }
}
