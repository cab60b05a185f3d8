import type { EndReason, Generation } from '../../generations/model/generation.ts'

export interface EndingWords {
  /** On the card, for everyone: neutral, and silent about what somebody asked for. */
  public: string
  /** For the member who asked, alone: why, and what to do next. Never the provider's own text. */
  private: string
}

/** A wish to cancel of which the provider has not said what it cost: reads differently while it is held. */
const cancelUnsettled: EndingWords = {
  public: 'The provider has not said what became of the cancellation.',
  private: 'The provider was asked to cancel your clip, but has not said whether it had billed it already.',
}

/** A render that is late is asked about again, so there is something to hope for. */
const overdueYet: EndingWords = {
  public: 'The provider never said that it was done.',
  private:
    'The provider takes far longer than such clips take and has not said that it is done. It is asked again every few minutes: if it makes your clip after all, you get it.',
}

export function outcomeOf({ state, endReason }: Pick<Generation, 'state' | 'endReason'>): EndingWords {
  if (state === 'held' && endReason === 'cancelled-by-member') return cancelUnsettled
  if (state === 'held' && endReason === 'render-overdue') return overdueYet
  return endings[endReason ?? 'internal']
}

/** What each end is called, by the reason the core gives. Money is not spoken of here: the card knows whether it was captured. */
const endings: Record<EndReason, EndingWords> = {
  'queue-overdue': {
    public: 'It waited too long in the queue.',
    private: 'The providers were so busy that your request waited too long in the queue, so it was given up. Try again, perhaps later.',
  },
  invalid_input: {
    public: 'The provider could not use this request.',
    private: 'The provider did not accept this request. Try another image or other words.',
  },
  moderation: {
    public: 'The provider did not make this clip.',
    private: 'The provider’s safety rules turned this request down. Word it differently, or use another image.',
  },
  rate_limited: {
    public: 'The provider is too busy at the moment.',
    private: 'The provider is taking no more requests at the moment. Try again in a few minutes.',
  },
  auth: {
    public: 'The provider cannot be used at the moment.',
    private: 'The provider did not accept the bot’s key. Whoever runs the bot has to mend that; trying again will not help before.',
  },
  no_credit: {
    public: 'The provider cannot be used at the moment.',
    private: 'The bot’s account at the provider is empty. Whoever runs the bot has to fill it up; try again after that.',
  },
  unavailable: {
    public: 'The provider had a fault.',
    private: 'The provider had a fault while it worked on your clip. Try again in a few minutes.',
  },
  timeout: {
    public: 'The provider did not answer in time.',
    private: 'The provider did not answer in time. Try again in a few minutes.',
  },
  submission_unknown: {
    public: 'The provider never confirmed this request.',
    private:
      'The connection to the provider broke just as your request was sent, so nobody can know yet whether it is being made. It is not sent again, so that it cannot be paid twice.',
  },
  output_gone: {
    public: 'The clip could not be fetched from the provider.',
    private: 'The provider made your clip, but it can no longer be fetched there. Please show the reference to whoever runs the bot.',
  },
  'cancelled-by-member': {
    public: 'It was cancelled.',
    private: 'Your clip was cancelled, as was asked for with the Cancel button.',
  },
  'output-unusable': {
    public: 'What the provider returned was not a whole video.',
    private:
      'What the provider returned was not a whole video, so there is nothing to post. Please show the reference to whoever runs the bot.',
  },
  'render-overdue': {
    public: 'The provider never said that it was done.',
    private:
      'The provider took far longer than such clips take and never said that it was done. If it still makes your clip, it is posted here.',
  },
  'settled-by-operator': {
    public: 'It was never made.',
    private: 'Whoever runs the bot has looked into your request: it ended at the provider without a clip. You can ask for it again.',
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
