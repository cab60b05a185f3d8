import type { EndReason, Generation } from '../../generations/model/generation.ts'

export interface EndingWords {
  /** On the card, for everyone: neutral, and silent about what somebody asked for. */
  public: string
  /** For the member who asked, alone: why, and what to do next. Never the host's own text. */
  private: string
}

/** A wish to cancel of which the host has not said what it cost: reads differently while it is held. */
const cancelUnsettled: EndingWords = {
  public: 'The host has not said what became of the cancellation.',
  private: 'The host was asked to cancel your clip, but has not said whether it had billed it already.',
}

/** A render that is late is asked about again, so there is something to hope for. */
const overdueYet: EndingWords = {
  public: 'The host never said that it was done.',
  private:
    'The host takes far longer than such clips take and has not said that it is done. It is asked again every few minutes: if it makes your clip after all, you get it.',
}

export function endingOf({ state, endReason }: Pick<Generation, 'state' | 'endReason'>): EndingWords {
  if (state === 'held' && endReason === 'cancelled-by-member') return cancelUnsettled
  if (state === 'held' && endReason === 'render-overdue') return overdueYet
  return endings[endReason ?? 'internal']
}

/** What each end is called, by the reason the core gives. Money is not spoken of here: the card knows whether it was captured. */
const endings: Record<EndReason, EndingWords> = {
  'queue-overdue': {
    public: 'It waited too long in line.',
    private: 'The hosts were so busy that your request waited too long in line, so it was given up. Try again, perhaps later.',
  },
  invalid_input: {
    public: 'The host could not use this request.',
    private: 'The host did not accept this request. Try another picture or other words.',
  },
  moderation: {
    public: 'The host did not make this clip.',
    private: 'The host’s safety rules turned this request down. Word it differently, or use another picture.',
  },
  rate_limited: {
    public: 'The host is too busy at the moment.',
    private: 'The host is taking no more requests at the moment. Try again in a few minutes.',
  },
  auth: {
    public: 'The host cannot be used at the moment.',
    private: 'The host did not accept the bot’s key. Whoever runs the bot has to mend that; trying again will not help before.',
  },
  no_credit: {
    public: 'The host cannot be used at the moment.',
    private: 'The bot’s account at the host is empty. Whoever runs the bot has to fill it up; try again after that.',
  },
  unavailable: {
    public: 'The host had a fault.',
    private: 'The host had a fault while it worked on your clip. Try again in a few minutes.',
  },
  timeout: {
    public: 'The host did not answer in time.',
    private: 'The host did not answer in time. Try again in a few minutes.',
  },
  submission_unknown: {
    public: 'The host never confirmed this request.',
    private:
      'The connection to the host broke just as your request was sent, so nobody can know yet whether it is being made. It is not sent again, so that it cannot be paid twice.',
  },
  output_gone: {
    public: 'The clip could not be fetched from the host.',
    private: 'The host made your clip, but it can no longer be fetched there. Please show the reference to whoever runs the bot.',
  },
  'cancelled-by-member': {
    public: 'It was cancelled.',
    private: 'Your clip was cancelled, as was asked for with the Cancel button.',
  },
  'output-unusable': {
    public: 'What the host returned was not a whole video.',
    private:
      'What the host returned was not a whole video, so there is nothing to post. Please show the reference to whoever runs the bot.',
  },
  'render-overdue': {
    public: 'The host never said that it was done.',
    private:
      'The host took far longer than such clips take and never said that it was done. If it still makes your clip, it is posted here.',
  },
  'settled-by-operator': {
    public: 'It was never made.',
    private: 'Whoever runs the bot has looked into your request: it ended at the host without a clip. You can ask for it again.',
  },
  undeliverable: {
    public: 'Discord would not take the clip.',
    private:
      'Your clip was made, but Discord would not take it here. Check with a moderator what the bot may do in this channel, then try again.',
  },
  internal: {
    public: 'The bot had a fault.',
    private: 'The bot itself had a fault; it was not about your request. Please show the reference to whoever runs the bot.',
  },
}
