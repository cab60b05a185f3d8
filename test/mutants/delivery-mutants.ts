import type { Mutant } from './mutant.ts'

/** Mutants of how a finished clip, or the outcome of a request without one, reaches the member. */
export const deliveryMutants: readonly Mutant[] = [
  {
    name: 'refund a paid clip at its first 404',
    file: 'src/generations/run/deliver.ts',
    in: 'post.shouldRetry',
    at: 'ReturnStatement > LogicalExpression',
    with: '!(error instanceof DownloadError) && {{node}}',
    test: 'test/flows/delivery/late-output.test.ts',
    title: 'whose first download meets',
  },
  {
    name: 'post only the link after ten minutes without Discord',
    file: 'src/generations/run/deliver.ts',
    in: 'post',
    at: 'VariableDeclarator[id.name="linkFrom"] > CallExpression',
    with: 'clock.now() + 10 * 60_000',
    test: 'test/flows/delivery/discord-outage.test.ts',
    title: 'keeps for a day is posted once',
  },
  {
    name: 'begin the life of an output anew at each start',
    file: 'src/generations/run/deliver.ts',
    in: 'withExpiry',
    at: 'IfStatement',
    with: 'void outputExpiresAt',
    test: 'test/flows/delivery/discord-outage.test.ts',
    title: 'keeps for an hour',
  },
  {
    name: 'take a clip for missing while Discord does not say so',
    file: 'src/generations/run/deliver.ts',
    in: 'post.tryOnce',
    at: 'VariableDeclarator[id.name="posted"] AwaitExpression > CallExpression',
    with: '{{node}}.catch(() => undefined)',
    test: 'test/flows/delivery/last-minutes.test.ts',
    title: 'neither overwritten by its link nor refunded',
  },
  {
    name: 'try the link of a clip only once',
    file: 'src/generations/run/deliver.ts',
    in: 'post',
    at: 'VariableDeclarator[id.name="giveUpAt"] > CallExpression',
    with: 'linkFrom',
    test: 'test/flows/delivery/last-minutes.test.ts',
    title: 'is tried again, and posted',
  },
  {
    name: 'tell nobody where Discord refuses the private message',
    file: 'src/discord/delivery/post-outcome.ts',
    in: 'explainPrivately',
    at: 'CatchClause Literal[value=false]',
    with: 'true',
    test: 'test/discord/delivery/post-outcome.test.ts',
    title: 'is announced if the card was deleted and Discord refuses',
  },
]
