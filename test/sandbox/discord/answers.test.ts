import { describe, expect, it } from 'vitest'

import { startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { applicationRoutes } from '../../../sandbox/discord/routes/applications.ts'
import { channelRoutes } from '../../../sandbox/discord/routes/channels.ts'
import { interactionCallbackRoutes } from '../../../sandbox/discord/routes/interaction-callback.ts'
import { webhookRoutes } from '../../../sandbox/discord/routes/webhooks.ts'
import { answerProblems } from '../../../sandbox/discord/validation/answers.ts'

const routes = [...applicationRoutes, ...interactionCallbackRoutes, ...webhookRoutes, ...channelRoutes]

describe("an answer is judged by Discord's specification", () => {
  it.each<[string, string | undefined, number, unknown, string]>([
    ['a missing field', 'create_message', 200, { id: '1' }, 'create_message 200: content: This field is required'],
    ['a field of an item', 'list_messages', 200, [{}], 'list_messages 200: id: This field is required'],
    ['one item for a list', 'list_messages', 200, {}, 'list_messages 200: the body is not a list'],
    ['a list for one item', 'get_my_user', 200, [], 'get_my_user 200: the body is a list'],
    ['another success', 'delete_message', 200, undefined, 'delete_message 200: the status of success is 204'],
    ['a body without content', 'delete_message', 204, {}, 'delete_message 204: a body with 204'],
    ['an operation without a schema', 'get_weather', 200, {}, 'get_weather 200: there is no schema for this operation'],
    ['a success of no route', undefined, 200, {}, 'unknown route 200: there is no schema for this operation'],
    ['a refusal without a code', 'create_message', 400, { message: 'no' }, 'create_message 400: code: This field is required'],
    [
      'a rate limit without a time',
      'create_message',
      429,
      { message: 'wait', code: 0, global: false },
      'create_message 429: retry_after: This field is required',
    ],
  ])('and refused for %s', (...[, operation, status, body, problem]) => {
    expect(answerProblems(operation, status, body)).toContain(problem)
  })

  it.each<[string, string | undefined, number, unknown]>([
    ['codes of form errors as texts', 'create_message', 400, { message: 'x', code: 50035, errors: { a: { _errors: [{ code: 'X' }] } } }],
    ['the refusal of old edits without a time to wait', 'update_message', 429, { message: 'x', code: 30046 }],
    ['an acknowledgement without content', 'create_interaction_response', 204, undefined],
    ['a route that does not exist', undefined, 404, { message: '404: Not Found', code: 0 }],
  ])('and accepted with %s', (...[, operation, status, body]) => {
    expect(answerProblems(operation, status, body)).toEqual([])
  })

  it.each(routes.map(({ operation }) => operation))('which knows %s', (operation) => {
    expect(answerProblems(operation, 200, undefined).join()).not.toContain('no schema')
  })
})

describe('a local Discord', () => {
  it('cannot be closed silently after an answer that broke the specification', async () => {
    const discord = await startLocalDiscord()
    const channel = discord.guild.createChannel({ name: 7 as unknown as string })
    const headers = { authorization: `Bot ${discord.botToken}` }
    expect((await fetch(`${discord.apiUrl}/v10/channels/${channel.id}`, { headers })).status).toBe(200)
    await expect(discord.close()).rejects.toThrow('get_channel 200: name: Value is not string.')
    await expect(fetch(discord.origin)).rejects.toThrow()
  })
})
