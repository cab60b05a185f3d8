import { describe, expect, it } from 'vitest'

import { Disruptions } from './disruptions.ts'

const request = (mark: string, madeAt: number) => ({ mark, madeAt, observer: { interactionId: mark, isAnswered: false } })

describe('the end of a bot', () => {
  it('explains why a request got no answer that was on its way when it began, although it is known only later', () => {
    const requests = [request('known', Date.now() - 10)]
    const disruptions = new Disruptions(requests)
    const beginning = disruptions.begin()
    requests.push(request('on its way', beginning.from - 5))
    const to = beginning.from + 100
    requests.push(request('aftermath', to + 900), request('later', to + 1100))
    disruptions.note('killed', { ...beginning, to }, { generations: [] })
    const met = requests.map(({ observer }) => [...disruptions.of(observer.interactionId)])
    expect(met).toEqual([['killed'], ['killed'], ['killed'], []])
  })
})
