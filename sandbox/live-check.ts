/** What `npm run try -- --live-check` prints: the sandbox cannot prove what a real provider does with a field that it may not know. */
export const liveCheck = `Does a real provider use the last frame?

The sandbox shows that Rushes sends the last image. Only a real clip shows that the provider reads it: providers ignore
fields that they do not know, so a wrong name means a paid clip without its last frame. One clip of 5 seconds costs $0.35.

  provider      the field           printed on the page of the model
  fal.ai        tail_image_url      yes
  Replicate     end_image           no: check it first
  WaveSpeedAI   last_image          no: check it first
  Runware       inputs.frameImages  yes
  Eachlabs      tail_image_url      yes

1. In .env, set the key of one provider, PROVIDERS to its id (replicate, for instance), BUDGET_DAY_USD=0.35 so that
   no second clip can be made, and ALLOWED_GUILDS to a server of your own.
2. Run npm start, and in that server:
     /animate image: a red picture  last_image: a blue one of the same size  prompt: a slow fade  duration: 5
3. Look at the end of the clip. Blue: the last frame arrived. Red: it did not.
4. npm run ledger shows what the clip cost, and the provider's invoice must show the same.
5. Set BUDGET_DAY_USD and PROVIDERS back. If it ended red, leave this provider out of PROVIDERS until it is mended:
   members would pay for last frames that they do not get.`
