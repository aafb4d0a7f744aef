import { integerBetween } from '@devp2p/appkit/cli';
import { type FlagsOf, runs } from './flag.ts';
import { duration, wei } from './values.ts';

/** Flags of the transaction pool. */
export interface PoolSettings {
  'txpool.pricelimit': bigint;
  'txpool.pricebump': number;
  'txpool.accountslots': number;
  'txpool.globalslots': number;
  'txpool.accountqueue': number;
  'txpool.globalqueue': number;
  'txpool.lifetime': number;
}

const count = integerBetween(1, 1_000_000);

export const poolFlags: FlagsOf<PoolSettings> = {
  'txpool.pricelimit': {
    group: 'Transaction pool',
    value: 'WEI',
    default: '1',
    help: 'lowest tip of a transaction, per gas',
    commands: runs,
    parse: wei,
  },
  'txpool.pricebump': {
    group: 'Transaction pool',
    value: 'N',
    default: '10',
    help: 'how much more a replacing transaction pays, in percent',
    commands: runs,
    parse: integerBetween(1, 10_000),
  },
  'txpool.accountslots': {
    group: 'Transaction pool',
    value: 'N',
    default: '16',
    help: 'executable transactions that each account is guaranteed',
    commands: runs,
    parse: count,
  },
  'txpool.globalslots': {
    group: 'Transaction pool',
    value: 'N',
    default: '5120',
    help: 'executable transactions in all',
    commands: runs,
    parse: count,
  },
  'txpool.accountqueue': {
    group: 'Transaction pool',
    value: 'N',
    default: '64',
    help: 'transactions of an account that wait for an earlier nonce',
    commands: runs,
    parse: count,
  },
  'txpool.globalqueue': {
    group: 'Transaction pool',
    value: 'N',
    default: '1024',
    help: 'transactions that wait for an earlier nonce, in all',
    commands: runs,
    parse: count,
  },
  'txpool.lifetime': {
    group: 'Transaction pool',
    value: 'TIME',
    default: '3h',
    help: 'how long those of an idle account wait, as 90m or 3h',
    commands: runs,
    parse: duration,
  },
};
