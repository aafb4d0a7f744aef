import { integerBetween, trueOrFalse } from '@devp2p/appkit/cli';
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
  'txpool.journal': boolean;
  'txpool.rejournal': number;
  'blobpool.datacap': number;
  'blobpool.pricebump': number;
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
  'txpool.journal': {
    group: 'Transaction pool',
    default: 'true',
    negatable: true,
    help: 'keep local transactions over a restart',
    commands: runs,
    parse: trueOrFalse,
  },
  'txpool.rejournal': {
    group: 'Transaction pool',
    value: 'TIME',
    default: '1h',
    help: 'time after which their journal is written anew',
    commands: runs,
    parse: duration,
  },
  'blobpool.datacap': {
    group: 'Transaction pool',
    value: 'BYTES',
    default: '2684354560',
    help: 'disk space for transactions with blobs',
    commands: runs,
    parse: integerBetween(0, Number.MAX_SAFE_INTEGER),
  },
  'blobpool.pricebump': {
    group: 'Transaction pool',
    value: 'N',
    default: '100',
    help: 'as --txpool.pricebump, for transactions with blobs',
    commands: runs,
    parse: integerBetween(1, 10_000),
  },
};
