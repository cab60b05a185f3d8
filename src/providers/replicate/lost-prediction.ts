import { readJson } from '../shared/response.ts'
import type { ProviderHttp } from '../shared/http.ts'
import type { HostedImages, LostSubmission, Operation } from '../provider.ts'
import { type ListedPrediction, PredictionPage } from './schemas.ts'

/** A hundred predictions each. An account that makes more than this between a lost answer and the look for it stays unanswered. */
const mostPages = 5
/** Their clock and ours. */
const skewMs = 120_000
/** Shorter than any token of ours: what is shorter could stand in another URL by chance. */
const shortestToken = 16

interface Search {
  images: HostedImages
  lost: LostSubmission
  signal: AbortSignal
}

/**
 * Looks for the prediction of one attempt among the recent ones of the account: by the token in its webhook URL, or by the image that was uploaded
 * for it. A likeness of prompts proves nothing, two that fit prove nothing either, and one that is absent may still appear.
 */
export async function findLostPrediction(http: ProviderHttp, api: string, search: Search): Promise<Operation | 'unknown'> {
  const isOurs = markOf(search)
  if (!isOurs) return 'unknown'
  const earliest = search.lost.submittedAt - skewMs
  const found = new Set<string>()
  const readPage = (at: string): Promise<PredictionPage> =>
    http.send({ method: 'GET', url: at, step: 'follow', signal: search.signal, read: readJson(PredictionPage) })
  let url: string | undefined = `${api}/predictions`
  for (let page = 0; url !== undefined && page < mostPages; page++) {
    const { next, results } = await readPage(url)
    const recent = results.filter(({ created_at: createdAt }) => createdAt >= earliest)
    for (const prediction of recent) if (isOurs(prediction)) found.add(prediction.id)
    const isOlderWanted = results.length > 0 && recent.length === results.length
    url = isOlderWanted && next && http.isOwn(next) ? next : undefined
  }
  const [id, another] = found
  return id === undefined || another !== undefined ? 'unknown' : { id }
}

/** The mark that only this attempt has, or undefined where it has none. */
function markOf({ images: { firstFrame, lastFrame }, lost }: Search): ((prediction: ListedPrediction) => boolean) | undefined {
  const token = lost.webhookUrl?.split(/[?#]/)[0]?.split('/').findLast(Boolean)
  const hasToken = token !== undefined && token.length >= shortestToken
  if (!hasToken && !firstFrame) return undefined
  return ({ webhook, input }) => {
    if (hasToken && webhook) return webhook.split(/[/?#]/).includes(token)
    return firstFrame !== undefined && input?.start_image === firstFrame.url && (input.end_image ?? undefined) === lastFrame?.url
  }
}
