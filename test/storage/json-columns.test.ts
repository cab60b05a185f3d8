import { describe, expect, it } from 'vitest'

import { candidatesColumn, operationColumn, requestColumn, StoredRowError } from '../../src/storage/json-columns.ts'

describe('a JSON column', () => {
  it('returns what was stored, with the fields of an operation that only its adapter knows', () => {
    const image = { sha256: 'ab', mediaType: 'image/png', width: 300, height: 400, sizeBytes: 5 } as const
    const request = { prompt: 'a boat', durationSeconds: 10, guidance: 0.5, firstFrame: image, negativePrompt: undefined } as const
    expect(requestColumn.parse(requestColumn.stringify(request))).toEqual(request)
    const operation = { id: 'job-1', statusUrl: 'https://provider.example/jobs/1' }
    expect(operationColumn.parse(operationColumn.stringify(operation))).toEqual(operation)
  })

  it('names the column of an invalid value, never the value', () => {
    const stored = JSON.stringify({ prompt: 'a secret plan', durationSeconds: 7 })
    expect(() => requestColumn.parse(stored)).toThrow(new StoredRowError('generations.request.durationSeconds'))
    expect(() => requestColumn.parse('{"prompt": "a secret')).toThrow(new StoredRowError('generations.request'))
  })

  it('accepts a provider that only another version knows', () => {
    expect(candidatesColumn.parse('["fal","another"]')).toEqual(['fal', 'another'])
  })
})
