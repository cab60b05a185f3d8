/**
 * Everything that members read, in English. Messages are in ICU MessageFormat: https://unicode-org.github.io/icu/userguide/format_parse/messages
 *
 * At most two short sentences: what happened, what to do next. Active voice, no apology. A sentence stands here as a whole. The only inserts are
 * names, numbers, lists and Discord's time stamps (`when`), which read "in 5 minutes". docs/texts.md shows every text with sample values.
 */
export const english = {
  // Cards: the public message of a clip
  'card.received': 'Request received',
  'card.queued': 'Queued',
  'card.submitting': 'Sending the request to {provider}',
  'card.rendering': 'Rendering',
  'card.delivering': 'Posting the clip',
  'card.cancelling': 'Cancelling…',
  'card.done': 'Clip posted',
  'card.cancelled': 'Cancelled',
  'card.failed': 'Failed',
  'card.held': 'On hold',
  'card.queue-position': '{ahead, plural, =0 {Next in the queue.} other {# ahead of yours.}}',
  'card.queue-position-and-time':
    '{ahead, plural, =0 {Next in the queue} other {# ahead of yours}}, ready in {minutes, plural, =0 {under a minute} other {about # min}}.',
  'card.jobs-ahead': '{ahead, plural, one {# job ahead at {provider}.} other {# jobs ahead at {provider}.}}',
  'card.cancel-refused':
    '{provider} can no longer stop this clip. If it finishes, the bot posts it and this server pays {price, number, usd}.',
  'card.restarting': 'The bot is restarting. Your clip is still rendering, and updates resume automatically.',
  'card.output-missing': "{provider} made your clip but isn't serving it yet. The bot keeps trying and gives up {when}.",
  'card.nothing-to-do': "You don't need to do anything.",
  'card.progress': '{bar} {progress, number, percent}',
  'card.requested': 'Requested {when}',
  'card.elapsed': '{elapsed} elapsed',
  'card.elapsed-and-ready': '{elapsed} elapsed · ready {when}',
  'card.elapsed-and-late': '{elapsed} elapsed · taking longer than usual',
  'card.facts': '{member} · {seconds, number, seconds}',
  'card.price': '{provider} · {price, number, usd}',
  'card.price-without-provider': '{price, number, usd}',
  'card.price-and-reference': '{provider} · {price, number, usd} · Reference {reference}',
  'card.price-and-reference-without-provider': '{price, number, usd} · Reference {reference}',

  // The clip
  'clip.price': '{provider} · {price, number, usd} · AI-generated',
  'clip.alternative-text': 'AI-generated clip: {prompt}',
  'clip.linked': 'Your clip is ready',
  'clip.too-large-to-post': 'The clip is {sizeBytes, number, megabytes}, too large to post here.',
  'clip.upload-not-accepted': "Discord didn't accept the upload.",
  'clip.save-link-now': 'Open the link and save the clip now: {provider} can delete it at any time.',
  'clip.save-link-until': 'Open the link and save the clip: {provider} keeps it until {until}.',
  'clip.not-postable': "Your clip is ready, but the bot can't post it in this channel any more.",
  'clip.link-too-long': 'The link is too long for a message. Send reference {reference} to the bot owner to get it.',
  'clip.arriving': '{member} Your clip is ready. The bot is posting it here.',
  'clip.posted': '{member} Your clip is ready: {url}',
  'clip.reference': 'Reference {reference}',

  // What a generation without a clip costs
  'charge.none': 'No charge.',
  'charge.reserved': '{price, number, usd} stays reserved until {provider} confirms whether it billed the clip.',
  'charge.share-released': '{provider} shows no sign of this clip, so {price, number, usd} is available to this server again.',
  'charge.refunded': '{provider} billed this clip anyway. The bot refunded {price, number, usd} to this server.',
  'charge.billed': '{provider} had already billed the clip, so this server paid {price, number, usd}.',

  // Why a generation ended without a clip, or is on hold: on its card, for everyone
  'outcome.auth': "The bot can't use {provider} right now.",
  'outcome.cancel-unconfirmed': "{provider} hasn't confirmed the cancellation.",
  'outcome.cancelled-by-moderator': 'A moderator cancelled this clip.',
  'outcome.cancelled-by-requester': '{member} cancelled this clip.',
  'outcome.internal': 'The bot had an error.',
  'outcome.invalid_input': '{provider} rejected this request.',
  'outcome.moderation': '{provider} rejected this request.',
  'outcome.mention-failed': "{member} Your clip wasn't made. Details: {url}",
  'outcome.mention-held': '{member} Your clip is on hold. Details: {url}',
  'outcome.no-access': "The bot can't reach its account at {provider}.",
  'outcome.no_credit': "The bot can't use {provider} right now.",
  'outcome.output-unusable': '{provider} returned a broken video.',
  'outcome.output_gone': "The bot couldn't download the clip from {provider}.",
  'outcome.queue-overdue': 'The request waited too long in the queue.',
  'outcome.rate_limited': '{provider} is too busy right now.',
  'outcome.render-overdue': '{provider} is taking longer than usual.',
  'outcome.settled-by-operator': 'The bot owner closed this request without a clip.',
  'outcome.submission_unknown': '{provider} never confirmed this request.',
  'outcome.timeout': "{provider} didn't respond in time.",
  'outcome.unavailable': '{provider} had an error.',
  'outcome.undeliverable': "Discord didn't accept the clip.",
  'outcome.unreachable': 'No provider could be reached.',

  // The same, for the requester alone, with what to do next
  'reason.auth': "{provider} rejected the bot's key. Ask the bot owner to fix it.",
  'reason.cancel-unconfirmed': "{provider} hasn't confirmed the cancellation. You don't need to do anything.",
  'reason.cancelled-by-moderator': 'A moderator cancelled this clip.',
  'reason.cancelled-by-requester': 'You cancelled this clip.',
  'reason.internal': 'The bot had an error. Send the reference to the bot owner.',
  'reason.invalid_input': '{provider} rejected your request. Try another image or prompt.',
  'reason.moderation': "{provider}'s safety filter rejected your request. Change the prompt or use another image.",
  'reason.no-access': "The bot can't reach its account at {provider}. You don't need to do anything.",
  'reason.no_credit': "The bot's account at {provider} is empty. Ask the bot owner to top it up.",
  'reason.output-unusable': '{provider} returned a broken video. Send the reference to the bot owner.',
  'reason.output_gone': "{provider} made your clip, but the bot couldn't download it. Send the reference to the bot owner.",
  'reason.queue-overdue': 'Your request waited too long in the queue. Try again later.',
  'reason.rate_limited': '{provider} is too busy right now. Try again in a few minutes.',
  'reason.render-overdue': '{provider} is taking longer than usual. The bot keeps checking and posts your clip if it arrives.',
  'reason.settled-by-operator': 'The bot owner closed your request. You can request it again.',
  'reason.submission_unknown': "{provider} never confirmed your request. The bot won't send it again, so nobody pays twice.",
  'reason.timeout': "{provider} didn't respond in time. Try again in a few minutes.",
  'reason.unavailable': '{provider} had an error. Try again in a few minutes.',
  'reason.undeliverable':
    "Discord didn't accept your clip. If it happens again, ask a moderator to check the bot's permissions in this channel.",
  'reason.unreachable': 'No provider could be reached. Try again in a few minutes.',

  // Refusals: nothing was accepted
  'refusal.bot-not-in-guild': "The bot isn't a member of this server. Ask someone with the **Manage Server** permission to add it.",
  'refusal.budget-exhausted.guild.day':
    "This server's daily budget has {remaining, number, usd} left; this clip costs {price, number, usd}. It resets {when}.",
  'refusal.budget-exhausted.guild.month':
    "This server's monthly budget has {remaining, number, usd} left; this clip costs {price, number, usd}. It resets {when}.",
  'refusal.budget-exhausted.installation.day':
    "The bot's daily budget has {remaining, number, usd} left; this clip costs {price, number, usd}. It resets {when}.",
  'refusal.budget-exhausted.installation.month':
    "The bot's monthly budget has {remaining, number, usd} left; this clip costs {price, number, usd}. It resets {when}.",
  'refusal.busy': 'The bot is busy with other requests. Try again in a moment.',
  'refusal.channel-inaccessible': "The bot can't post in this channel. Ask a moderator to check its permissions, or use another channel.",
  'refusal.generation-over': 'This clip is already finished. There is nothing left to cancel.',
  'refusal.generation-unknown': "The bot doesn't know this clip. Start a new one with `/animate` or `/film`.",
  'refusal.guild-not-allowed': "This server can't make clips yet. Ask the bot owner to allow it.",
  'refusal.image-corrupt':
    '{image, select, first {`image`} last {`last_image`} other {The image}} is damaged. Export it as PNG or JPEG and try again.',
  'refusal.image-missing': 'The image is missing. Attach a PNG or JPEG, or use `/film` without an image.',
  'refusal.image-over-limit':
    '{image, select, first {`image`} last {`last_image`} other {The image}} is larger than {limitBytes, number, megabytes}. Shrink it or save it as JPEG.',
  'refusal.image-too-large':
    '{image, select, first {`image`} last {`last_image`} other {The image}} is {sizeBytes, number, megabytes}; the limit is {limitBytes, number, megabytes}. Shrink it or save it as JPEG.',
  'refusal.image-too-many-pixels':
    '{image, select, first {`image`} last {`last_image`} other {The image}} has more than {limitPixels, number, million} million pixels. Scale it down and try again.',
  'refusal.image-too-narrow':
    '{image, select, first {`image`} last {`last_image`} other {The image}} is {width, number} × {height, number} pixels; the long side can be at most {limitRatio, number} times the short side. Crop it and try again.',
  'refusal.image-too-small':
    '{image, select, first {`image`} last {`last_image`} other {The image}} is {width, number} × {height, number} pixels; each side needs at least {limitPixels, number}. Use a larger image.',
  'refusal.image-unreachable':
    "The bot couldn't download {image, select, first {`image`} last {`last_image`} other {the image}} from Discord. Attach it again.",
  'refusal.image-unsupported':
    "{image, select, first {`image`} last {`last_image`} other {The image}} isn't a PNG or JPEG. Convert it and try again.",
  'refusal.missing-permissions':
    '{count, plural, one {The bot needs the {permissions} permission in this channel.} other {The bot needs the {permissions} permissions in this channel.}} Ask a moderator, or use another channel.',
  'refusal.negative-prompt-too-long':
    '`negative` has {characters, number} characters; the limit is {limit, number}. Shorten it and try again.',
  'refusal.not-your-generation': 'Only the requester or someone with the **Manage Messages** permission can cancel this clip.',
  'refusal.prompt-empty': 'The prompt is empty or a single character. Describe what happens in the clip.',
  'refusal.prompt-too-long': 'The prompt has {characters, number} characters; the limit is {limit, number}. Shorten it and try again.',
  'refusal.provider-unknown': "This bot doesn't use {provider}. Choose {choices}, or leave `provider` empty.",
  'refusal.provider-unknown.no-choice': "This bot doesn't use {provider}. Leave `provider` empty.",
  'refusal.rate-limited.guild':
    '{limit, plural, one {This server has used its # request this minute} other {This server has used its # requests this minute}}; try again {when}.',
  'refusal.rate-limited.member':
    "{limit, plural, one {You've used your # request this minute} other {You've used your # requests this minute}}; try again {when}.",
  'refusal.store-unavailable': "The bot can't reach its database. Try again in a few minutes.",
  'refusal.thread-archived': 'This thread is archived. Post a message to reopen it, then try again.',
  'refusal.thread-locked': 'This thread is locked. Ask a moderator to unlock it, or use another channel.',
  'refusal.thread-not-joined': "The bot isn't in this private thread. Mention {bot} here to add it, or use another channel.",
  'refusal.unsupported': 'No provider supports {features}. Try again without {count, plural, one {it} other {them}}.',
  'refusal.unsupported-by-provider': "{provider} doesn't support {features}. Try again without {count, plural, one {it} other {them}}.",
  'refusal.unsupported-by-provider.choose':
    "{provider} doesn't support {features}. Choose {choices}, or try again without {count, plural, one {it} other {them}}.",
  'refusal.unsupported-here':
    "This bot's providers don't support {features}. Try again without {count, plural, one {it} other {them}}, or ask the bot owner to add {choices}.",

  // Options that a provider may not support
  'feature.firstFrame': 'images',
  'feature.guidance': 'guidance',
  'feature.lastFrame': 'last images',
  'feature.negativePrompt': 'negative prompts',
  'feature.text': 'clips without an image',

  // Commands, their options and choices
  'command.animate': 'Turn an image into a short clip',
  'command.film': 'Make a short clip from words',
  'option.aspect': 'Shape of the clip (default: 16:9)',
  'option.duration': 'Length of the clip (default: {seconds, plural, one {# second} other {# seconds}})',
  'option.guidance': 'How closely the clip follows the prompt, from 0 to 1',
  'option.image': 'First frame: PNG or JPEG, at least {limitPixels, number} pixels on each side',
  'option.last-image': 'Last frame: PNG or JPEG, at least {limitPixels, number} pixels on each side',
  'option.negative': 'What the clip should not show',
  'option.prompt': 'What happens in the clip',
  'option.provider': 'Provider that renders the clip (default: the bot chooses)',
  'choice.duration': '{seconds, plural, one {# second} other {# seconds}}',
  'choice.provider': '{provider} · {price, number, usd} for {seconds, number, seconds}',

  // Buttons
  'button.cancel': 'Cancel',
  'button.open-clip': 'Open the clip',

  // Errors
  'error.internal': 'Something went wrong. If it happens again, send the bot owner this reference: `{reference}`',
  'error.not-accepted': "The bot didn't accept this request. It sends the reason privately.",
  'error.restarting': 'The bot is restarting. Try again in a minute.',
  'error.unknown-button': 'This button no longer works. Start a new clip with `/animate` or `/film`.',
  'error.unknown-command': 'The bot no longer has this command. Restart Discord to refresh the list.',
} as const
