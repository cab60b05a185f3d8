import type { Fault } from './fault.ts'

/** Every promise that matters has a line here that breaks it. */
export const faults: readonly Fault[] = [
  {
    name: 'drop the release',
    file: 'src/quota/ledger.ts',
    from: "  await record(transaction, reservation, 'release', reservation.amount, now)\n  await change(transaction, reservation, { reserved: -reservation.amount })",
    to: "  await record(transaction, reservation, 'release', reservation.amount, now)",
    test: 'test/quota/ledger.test.ts',
  },
  {
    name: 'capture twice',
    file: 'src/storage/migrations/0001-first.ts',
    from: "    .addUniqueConstraint('one_row_per_take_and_kind', ['generation_id', 'take', 'kind'])\n",
    to: '',
    test: 'test/quota/ledger.test.ts',
  },
  {
    name: 'count before the wallets are locked',
    file: 'src/quota/ledger.ts',
    from: 'if (reserved + spent + reservation.amount > budget)',
    to: 'if (spent + reservation.amount > budget)',
    test: 'test/quota/ledger.test.ts',
  },
  {
    name: 'forget the cap of the installation',
    file: 'src/quota/ledger.ts',
    from: "(wallet.scope === 'installation' ? installation : guild)[wallet.period]",
    to: 'guild[wallet.period]',
    test: 'test/quota/ledger.test.ts',
  },
  {
    name: 'skip the fence',
    file: 'src/generations/store.ts',
    from: "    .where('owner', '=', owner)\n    .where('state', '=', from)",
    to: '',
    test: 'test/generations/claim.test.ts',
  },
  {
    name: 'ignore the cap of a host',
    file: 'src/generations/claim.ts',
    from: 'const free = host.concurrency - sum(running.values())',
    to: 'const free = host.concurrency',
    test: 'test/generations/claim.test.ts',
  },
]
