import { systemClock } from '@devp2p/clock';
import { decodeHeader, listRoot, StackTrie } from '@devp2p/eth';
import { randomBytes } from '@devp2p/random';
import { expect, test } from 'vitest';
import { BadBlocks } from '../../src/chain/bad-blocks.ts';
import { decodeBlock } from '../../src/chain/files/block-rlp.ts';
import { type Backend, headTags } from '../../src/rpc/backend.ts';
import { accessListJson } from '../../src/rpc/codec/access-list.ts';
import { checksumAddress } from '../../src/rpc/codec/address.ts';
import { debugNamespace } from '../../src/rpc/namespaces/debug.ts';
import { ethNamespace } from '../../src/rpc/namespaces/eth.ts';
import { txpoolNamespace } from '../../src/rpc/namespaces/txpool.ts';
import type { EncodedPoolTransaction, Pool } from '../../src/txpool/interfaces.ts';
import { crypto, encodeFields, makeChain, makeGenesis, nextBlock, transfer } from '../chain/make-blocks.ts';
import { openTemporary } from '../chain/temporary.ts';

const genesis = makeGenesis('prague');
const blocks = makeChain(genesis.config, genesis.header, 6);
const last = blocks.at(-1) as (typeof blocks)[number];
const unique = nextBlock(genesis.config, last.header, { transactions: [transfer(70), transfer(71)] });
const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`;
const bytesOf = (text: unknown): Uint8Array => new Uint8Array(Buffer.from((text as string).slice(2), 'hex'));
const unknown = `0x${'22'.repeat(32)}`;

async function openScene(parts: Partial<Backend> = {}) {
  const chain = await openTemporary(genesis);
  await chain.append([...blocks, unique]);
  const backend: Backend = {
    chain,
    tags: headTags(chain),
    syncState: async () => undefined,
    crypto,
    clock: systemClock,
    random: randomBytes,
    ...parts,
  };
  const debug = debugNamespace(backend);
  const eth = ethNamespace(backend);
  const txpool = txpoolNamespace(backend);
  return {
    chain,
    debug: async (method: string, ...params: unknown[]) => debug.methods[method]?.(params),
    eth: async (method: string, ...params: unknown[]) => eth.methods[method]?.(params),
    txpool: async (method: string, ...params: unknown[]) => txpool.methods[method]?.(params),
  };
}

test.each(['0x7', 'latest', hex(unique.header.hash)])(
  'RP-28 the block, header and receipts of %s are encoded',
  async (id) => {
    const { debug } = await openScene();
    const header = decodeHeader(bytesOf(await debug('getRawHeader', id)), crypto);
    expect(header.hash).toEqual(unique.header.hash);
    const block = decodeBlock(bytesOf(await debug('getRawBlock', id)), crypto);
    expect([block.header.hash, block.body.raw]).toEqual([unique.header.hash, unique.body.raw]);
    const receipts = ((await debug('getRawReceipts', id)) as string[]).map(bytesOf);
    expect(receipts).toHaveLength(2);
    expect(listRoot(new StackTrie(crypto), receipts)).toEqual(unique.header.receiptsRoot);
  },
);

test('RP-28 RP-08 a transaction is encoded, and null when it is not known', async () => {
  const { debug } = await openScene();
  const [raw] = unique.body.transactions;
  expect(await debug('getRawTransaction', hex(crypto.keccak256(raw as Uint8Array)))).toBe(hex(raw as Uint8Array));
  expect(await debug('getRawTransaction', unknown)).toBeNull();
});

test.each(['getRawHeader', 'getRawBlock', 'getRawReceipts'])(
  'RP-28 %s of an unknown block is an error',
  async (method) => {
    const { debug } = await openScene();
    for (const id of ['0x8', unknown]) await expect(debug(method, id)).rejects.toMatchObject({ number: -32000 });
    await expect(debug(method, '2')).rejects.toMatchObject({ number: -32602 });
  },
);

test('RP-28 the last ten invalid blocks are kept, the latest first', async () => {
  const bad = new BadBlocks();
  for (const block of [...blocks, ...makeChain(genesis.config, last.header, 6), last]) bad.keep(block);
  expect(bad.contents).toHaveLength(10);
  const { debug } = await openScene({ badBlocks: () => bad.contents });
  const found = (await debug('getBadBlocks')) as { hash: string; rlp: string; block: { transactions: object[] } }[];
  expect(found[0]).toMatchObject({ hash: hex(last.header.hash), block: { hash: hex(last.header.hash) } });
  expect(decodeBlock(bytesOf(found[0]?.rlp), crypto).header.hash).toEqual(last.header.hash);
});

test('RP-27 the access list of a block before Amsterdam is not found, and that of an unknown block is null', async () => {
  const { debug, eth } = await openScene();
  for (const id of ['0x1', hex(unique.header.hash)]) {
    await expect(eth('getBlockAccessList', id)).rejects.toMatchObject({ number: -32001 });
    await expect(debug('getRawBlockAccessList', id)).rejects.toMatchObject({ number: -32001 });
  }
  expect(await eth('getBlockAccessList', '0x99')).toBeNull();
  expect(await debug('getRawBlockAccessList', unknown)).toBeNull();
});

test('RP-27 an empty access list, and one that is not held', async () => {
  const amsterdam = makeGenesis('amsterdam');
  const chain = await openTemporary(amsterdam);
  const [first, second] = makeChain(amsterdam.config, amsterdam.header, 2);
  if (first === undefined || second === undefined) throw new Error('no blocks');
  await chain.append([{ ...first, accessList: Uint8Array.of(0xc0) }, second]);
  const { debug, eth } = await openScene({ chain, tags: headTags(chain) });
  expect(await eth('getBlockAccessList', '0x1')).toEqual([]);
  expect(await debug('getRawBlockAccessList', '0x1')).toBe('0xc0');
  await expect(eth('getBlockAccessList', '0x2')).rejects.toMatchObject({ number: 4444 });
});

test('RP-27 the access list of a block is shown account by account', () => {
  const address = new Uint8Array(20).fill(1);
  const encoded = encodeFields([[address, [[5, [[1, 7]]]], [9], [[1, 1_000]], [[2, 3]], [[1, Uint8Array.of(0x5f)]]]]);
  const word = (n: number) => `0x${n.toString(16).padStart(64, '0')}`;
  expect(accessListJson(encoded)).toEqual([
    {
      address: hex(address),
      storageChanges: [{ key: word(5), changes: [{ index: '0x1', value: word(7) }] }],
      storageReads: [word(9)],
      balanceChanges: [{ index: '0x1', value: '0x3e8' }],
      nonceChanges: [{ index: '0x2', value: '0x3' }],
      codeChanges: [{ index: '0x1', code: '0x5f' }],
    },
  ]);
});

const sender = bytesOf('0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed');
function pooled(nonce: number): EncodedPoolTransaction {
  const raw = transfer(nonce);
  const hash = crypto.keccak256(raw);
  return {
    raw,
    hash,
    sender,
    type: 0,
    size: raw.length,
    nonce: BigInt(nonce),
    feeCap: 1n,
    tipCap: 1n,
    isPending: true,
  };
}
const content = { sender, pending: [pooled(3), pooled(4)], queued: [pooled(9)] };
const pool = {
  get: async () => undefined,
  onPending: () => () => {},
  content: () => [content],
  contentFrom: () => content,
  status: { pending: 17, queued: 1, blobs: 0 },
} as Partial<Pool> as Pool;

test('RP-29 the content of the pool is by checksummed sender and decimal nonce', async () => {
  const { txpool } = await openScene({ pool });
  const name = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
  const all = (await txpool('content')) as Record<'pending' | 'queued', Record<string, Record<string, object>>>;
  expect(Object.keys(all.pending)).toEqual([name]);
  expect(Object.keys(all.pending[name] ?? {})).toEqual(['3', '4']);
  expect(Object.keys(all.queued[name] ?? {})).toEqual(['9']);
  expect(all.pending[name]?.['3']).toMatchObject({ nonce: '0x3', from: hex(sender), blockHash: null, gasPrice: '0x1' });
  expect(await txpool('contentFrom', hex(sender))).toEqual({ pending: all.pending[name], queued: all.queued[name] });
  expect(await txpool('status')).toEqual({ pending: '0x11', queued: '0x1' });
  const line = '0x0505050505050505050505050505050505050505: 1 wei + 21000 gas × 1 wei';
  expect(await txpool('inspect')).toEqual({
    pending: { [name]: { 3: line, 4: line } },
    queued: { [name]: { 9: line } },
  });
});

test('RP-29 without execution there is no pool', async () => {
  const { txpool } = await openScene();
  await expect(txpool('status')).rejects.toMatchObject({ number: -32000 });
});

test.each([
  '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
  '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
  '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
])('RP-29 the checksum of %s is that of EIP-55', (text) => {
  expect(checksumAddress(bytesOf(text), crypto)).toBe(text);
});
