import { nobleCrypto } from '@devp2p/crypto';
import { describe, expect, test } from 'vitest';
import { checkForkId, EthError, type EthOptions, eth, ethVersion, forkId } from '../src/index.ts';
import { emptyBlocks, type MemoryChainOptions, memoryChain } from '../src/memory.ts';
import { filled, MemoryChain } from './memory-chain.ts';
import { connect } from './peers.ts';

const hexHash = `0x${'11'.repeat(32)}`;
const hash = filled(32, 0x11);
/** Any value, as a program without types can pass it. */
const any = (value: unknown): never => value as never;

const refusal = (call: () => unknown): EthError => {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(EthError);
    return error as EthError;
  }
  throw new Error('not refused');
};

describe('options are refused at the call', () => {
  test.each<[string, MemoryChainOptions, string]>([
    ['a number as network id', any({ genesisHash: hash, networkId: 1 }), 'networkId is 1'],
    ['a text as network id', any({ genesisHash: hash, networkId: '1' }), 'networkId is "1"'],
    ['a network id of 65 bits', { genesisHash: hash, networkId: 1n << 64n }, 'networkId is 184'],
    ['a negative network id', { genesisHash: hash, networkId: -1n }, 'networkId is -1n'],
    ['hex as genesis hash', any({ genesisHash: hexHash }), 'genesisHash is "0x1111'],
    ['a short genesis hash', { genesisHash: filled(31, 1) }, 'a Uint8Array of 31 bytes'],
    ['no genesis hash', {}, 'genesisHash is undefined'],
    [
      'a misspelt option',
      any({ genesisHash: hash, network: 1n }),
      'no option "network" (did you mean "networkId"?), known',
    ],
    ['undefined', any(undefined), 'the options argument of memoryChain is undefined'],
    ['forks without times', any({ genesisHash: hash, forks: { blocks: [] } }), 'forks.times'],
    ['a fork time as text', any({ genesisHash: hash, forks: { blocks: [], times: ['5'] } }), 'forks.times[0] is "5"'],
    [
      'a fork that is not a number',
      { genesisHash: hash, forks: { blocks: [Number.NaN], times: [] } },
      'forks.blocks[0] is NaN',
    ],
    ['one block for a list', any({ blocks: emptyBlocks(1)[0] }), 'blocks is an object'],
    ['hex as a block', any({ blocks: ['0xc0'] }), 'block 0 is "0xc0"'],
    ['blocks with a gap', { blocks: emptyBlocks(3).filter((_, i) => i !== 1) }, 'number of block 1'],
    ['blocks that do not start at 0', { blocks: emptyBlocks(3).slice(1) }, 'the number of block 0 is 1'],
    [
      'no crypto',
      any({ genesisHash: hash, crypto: {} }),
      'crypto is an object, expected an object with the method keccak256',
    ],
  ])('memoryChain: %s', (_, options, text) => {
    const error = refusal(() => memoryChain(options));
    expect(error.code).toBe('invalid-option');
    expect(error.message).toContain(text);
  });

  test('memoryChain: an appended block that does not follow', () => {
    const [genesis, first, second] = emptyBlocks(3);
    const chain = memoryChain({ blocks: [genesis as never] });
    expect(refusal(() => chain.append(second as never)).code).toBe('invalid-option');
    expect(chain.range().latest).toBe(0);
    chain.append(first as never);
    expect(chain.range().latest).toBe(1);
    expect(refusal(() => emptyBlocks(any('3'))).code).toBe('invalid-option');
    expect(refusal(() => emptyBlocks(-1)).code).toBe('invalid-option');
  });

  const chain = new MemoryChain(2);
  const other = (fields: object): EthOptions => ({
    chain: Object.assign(new MemoryChain(2), fields),
  });
  const range = (fields: object): EthOptions => {
    const chain = new MemoryChain(2);
    return other({ range: () => ({ ...chain.range(), ...fields }) });
  };
  test.each<[string, EthOptions, string]>([
    ['no chain', any({}), 'chain is undefined'],
    [
      'a chain that is a promise',
      any({ chain: Promise.resolve(chain) }),
      'chain is an object, expected an object with the methods range, headers',
    ],
    ['a number as network id', other({ networkId: 1 }), 'chain.networkId is 1'],
    ['a head as bigint', range({ latest: 1n }), 'chain.range().latest is 1n'],
    ['hex as head', range({ latestHash: hexHash }), 'chain.range().latestHash'],
    ['a range that ends before its start', range({ earliest: 9 }), 'earliest is 9'],
    ['a difficulty as number', range({ totalDifficulty: 17 }), 'totalDifficulty is 17'],
    ['undefined forks', other({ forks: undefined }), 'chain.forks is undefined'],
    [
      'a misspelt option',
      any({ chain, version: [70] }),
      'no option "version" (did you mean "versions"?), known options: chain, transactions',
    ],
    [
      'an unsupported version',
      { chain, versions: [71] },
      'versions[0] is 71, expected a supported version of eth: 70, 69, 68',
    ],
    [
      'a version as text',
      any({ chain, versions: ['70'] }),
      'versions[0] is "70", expected a version number or an EthVersion',
    ],
    ['one version for a list', any({ chain, versions: 70 }), 'versions is 70'],
    ['no versions', { chain, versions: [] }, 'at least one version'],
    [
      'an exchange without connected',
      any({ chain, transactions: {} }),
      'transactions is an object, expected an object with the method connected',
    ],
    ['a listener that is not a function', any({ chain, onRange: true }), 'onRange is true'],
    ['a clock without methods', any({ chain, clock: Date }), 'clock'],
    ['a seed for a random source', any({ chain, random: 7 }), 'random is 7'],
  ])('eth: %s', (_, options, text) => {
    const error = refusal(() => eth(options));
    expect(error.code).toBe('invalid-option');
    expect(error.message).toContain(text);
  });

  test('fork ids: hex for bytes, and values that are not numbers', () => {
    const forks = { blocks: [], times: [5] };
    const head = { number: 0, time: 0 };
    const calls = [
      () => forkId(any(hexHash), forks, head),
      () => forkId(hash, any([5]), head),
      () => forkId(hash, forks, any({ number: 0n, time: 0n })),
      () => checkForkId(hash, forks, head, any({ hash: '07c9462e', next: 0n })),
      () => checkForkId(hash, forks, head, any({ hash: 1, next: 0 })),
      () => ethVersion(67),
    ];
    for (const call of calls) expect(refusal(call).code).toBe('invalid-option');
  });
});

describe('invalid requests are refused before they are sent, and the peer stays connected', () => {
  const chain = new MemoryChain(3);
  const hashes = [chain.hashOf(1)];
  const block = { hash: chain.hashOf(1), gasUsed: 21_000 };
  type Request = (peer: Awaited<ReturnType<typeof connect>>['left']['eth']) => Promise<unknown>;
  test.each<[string, Request]>([
    ['a bigint as origin', (peer) => peer.getHeaders({ origin: any(1n), amount: 1 })],
    ['hex as origin', (peer) => peer.getHeaders({ origin: any(hexHash), amount: 1 })],
    ['a short hash as origin', (peer) => peer.getHeaders({ origin: filled(31, 1), amount: 1 })],
    ['a bigint as amount', (peer) => peer.getHeaders({ origin: 1, amount: any(1n) })],
    ['a text for a flag', (peer) => peer.getHeaders({ origin: 1, amount: 1, reverse: any('no') })],
    ['undefined', (peer) => peer.getHeaders(any(undefined))],
    ['hex as hashes', (peer) => peer.getBodies(any([hexHash]))],
    ['one hash for a list', (peer) => peer.getBodies(any(hashes[0]))],
    ['hashes for blocks', (peer) => peer.getReceipts(any(hashes))],
    ['gas as bigint', (peer) => peer.getReceipts([{ ...block, gasUsed: any(21_000n) }])],
    ['hex in a block', (peer) => peer.getReceipts([{ ...block, hash: any(hexHash) }])],
    ['a check that is not a function', (peer) => peer.getReceipts([block], { verify: any(true) })],
    ['hex as transactions', (peer) => peer.getPooledTransactions(any([hexHash]))],
    ['a misspelt field', (peer) => peer.getHeaders(any({ origin: 1, amount: 1, revers: true }))],
    ['a misspelt option', (peer) => peer.getBodies(hashes, any({ verfy: () => true }))],
    ['verify where it has no effect', (peer) => peer.getHeaders({ origin: 1, amount: 1 }, any({ verify: () => true }))],
    ['a time for a signal', (peer) => peer.getBodies(hashes, { signal: any(5000) })],
  ])('%s', async (_, send) => {
    const { clock, left } = await connect({ chain }, { chain });
    await expect(send(left.eth)).rejects.toMatchObject({ code: 'invalid-request' });
    const headers = left.eth.getHeaders({ origin: 1, amount: 2 });
    await clock.advance(3000);
    expect(await headers).toHaveLength(2);
    const { codes } = left.stats.protocols.find(({ name }) => name === 'eth') ?? { codes: [] };
    expect(codes.reduce((sum, { sent }) => sum + sent.messages, 0)).toBe(2);
  });
});

test('valid and undefined options are accepted', () => {
  const chain = memoryChain({
    networkId: 5n,
    genesisHash: hash,
    blocks: undefined,
    crypto: nobleCrypto,
  });
  expect(eth({ chain, transactions: undefined, versions: [68] }).versions).toEqual([{ version: 68, length: 17 }]);
});
