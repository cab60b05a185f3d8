import { PermissionFlagsBits, PermissionsBitField } from 'discord.js'
import { expect, test } from 'vitest'

import { inviteUrl, neededPermissions, permissionsInteger } from '../../../src/discord/interactions/permissions.ts'
import { missingPermissions } from '../../../src/discord/interactions/requester.ts'

test('the integer combines the six permissions', () => {
  // View Channel 2^10, Send Messages 2^11, Embed Links 2^14, Attach Files 2^15, Read Message History 2^16, Send Messages in Threads 2^38.
  expect(permissionsInteger()).toBe('274878024704')
  expect(neededPermissions.map(({ name }) => name).sort()).toEqual([
    'Attach Files',
    'Embed Links',
    'Read Message History',
    'Send Messages',
    'Send Messages in Threads',
    'View Channel',
  ])
})

test('the invitation requests exactly these permissions, and commands', () => {
  const url = new URL(inviteUrl('100000000000000001'))
  expect(url.origin + url.pathname).toBe('https://discord.com/oauth2/authorize')
  expect(Object.fromEntries(url.searchParams)).toEqual({
    client_id: '100000000000000001',
    scope: 'bot applications.commands',
    permissions: '274878024704',
  })
})

test('threads need Send Messages in Threads instead of Send Messages, voice channels Connect besides', () => {
  const channelOnly = new PermissionsBitField([
    PermissionFlagsBits.ViewChannel,
    PermissionFlagsBits.SendMessages,
    PermissionFlagsBits.AttachFiles,
    PermissionFlagsBits.ReadMessageHistory,
  ])
  expect(missingPermissions(channelOnly, 'text')).toEqual([])
  expect(missingPermissions(channelOnly, 'thread')).toEqual(['Send Messages in Threads'])
  expect(missingPermissions(channelOnly, 'voice')).toEqual(['Connect'])
  expect(missingPermissions(new PermissionsBitField(), 'text')).toEqual([
    'View Channel',
    'Send Messages',
    'Attach Files',
    'Read Message History',
  ])
})
