import { inspect, isDeepStrictEqual } from 'node:util';
import { nobleCrypto as crypto } from '@devp2p/crypto';
import { decode, encode } from '@devp2p/rlp';
import { expect, test } from 'vitest';
import { decodeBody, decodeHeader, EthError, forkId, headerCodec, sealHeader, withdrawalCodec } from '../src/index.ts';
import { emptyBlocks, memoryChain } from '../src/memory.ts';
import { filled, MemoryChain } from './memory-chain.ts';
import { connect } from './peers.ts';

const json = (value: unknown) => JSON.parse(JSON.stringify(value));
const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`;

const [, block] = emptyBlocks(2) as [unknown, { header: Uint8Array }];
const plain = decodeHeader(block.header, crypto);
const header = sealHeader(
  {
    ...plain,
    gasLimit: 2n ** 60n,
    baseFeePerGas: 7n,
    withdrawalsRoot: filled(32, 1),
    blobGasUsed: 0,
    excessBlobGas: 131_072,
    parentBeaconBlockRoot: filled(32, 2),
    requestsHash: filled(32, 3),
  },
  crypto,
);

test('a header is quantities and hex in JSON, number and hash first', () => {
  const shown = json(header);
  expect(Object.keys(shown).slice(0, 3)).toEqual(['number', 'hash', 'parentHash']);
  expect(shown).toMatchObject({
    number: '0x1',
    hash: hex(header.hash),
    parentHash: hex(header.parentHash),
    logsBloom: `0x${'00'.repeat(256)}`,
    difficulty: '0x0',
    gasLimit: '0x1000000000000000',
    extraData: '0x',
    baseFeePerGas: '0x7',
    excessBlobGas: '0x20000',
    requestsHash: hex(filled(32, 3)),
  });
  expect(shown).not.toHaveProperty('raw');
  expect(shown).not.toHaveProperty('slotNumber');
  const unsealed = json(decode(headerCodec, header.raw));
  expect(unsealed).toEqual({ ...shown, hash: undefined });
});

test('console.log shows a header in a few lines, and one of an array in one line', () => {
  const text = inspect(header);
  expect(text.startsWith(`Header { number: 1, hash: ${hex(header.hash)},\n`)).toBe(true);
  expect(text.endsWith(`requestsHash: ${hex(filled(32, 3))} }`)).toBe(true);
  expect(text).toContain('gasLimit: 1152921504606846976,');
  const lines = text.split('\n');
  expect(lines.length).toBeLessThan(15);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(120);
  const many = inspect([header, plain], { breakLength: 80 });
  expect(many.split('\n')).toEqual([
    '[',
    `  Header { number: 1, hash: ${hex(header.hash)} },`,
    `  Header { number: 1, hash: ${hex(plain.hash)} }`,
    ']',
  ]);
});

test('the printed form of a header adds no enumerable properties', () => {
  const copy = { ...header };
  expect(Object.keys(header)).not.toContain('toJSON');
  expect(sealHeader(copy, crypto).hash).toEqual(header.hash);
  expect(() => JSON.stringify(copy)).toThrow(TypeError);
});

test('a body, a withdrawal, a fork id', () => {
  const withdrawal = { index: 1, validatorIndex: 2, address: filled(20, 4), amount: 5n };
  const item = encode(withdrawalCodec, withdrawal);
  const decoded = decode(withdrawalCodec, item);
  expect(isDeepStrictEqual(decoded, withdrawal)).toBe(true);
  expect(json(decoded)).toEqual({ ...withdrawal, address: hex(filled(20, 4)), amount: '5' });
  const body = decodeBody(Uint8Array.of(0xc3 + item.length, 0xc0, 0xc0, 0xc0 + item.length, ...item));
  expect(json(body)).toEqual({ transactions: [], uncles: [], withdrawals: [hex(item)] });
  expect(inspect(body.withdrawals)).toBe(
    `RawList { length: 1, bytes: ${(body.withdrawals?.raw.length ?? 0).toString()} }`,
  );
  expect(inspect(body)).not.toContain('Uint8Array');
  const id = forkId(filled(32, 1), { blocks: [5], times: [] }, { number: 0, time: 0 });
  expect(json(id)).toEqual({ hash: id.hash, next: '5' });
});

test('a chain in memory and its range', () => {
  const chain = memoryChain({ blocks: emptyBlocks(3) });
  const range = chain.range();
  const latestHash = hex(range.latestHash);
  const shown = { earliest: 0, latest: 2, latestHash, latestTime: 24, totalDifficulty: '0' };
  expect(json(range)).toEqual(shown);
  expect(isDeepStrictEqual(range, { ...range })).toBe(true);
  expect(json(chain)).toEqual({
    networkId: '1337',
    genesisHash: hex(chain.genesisHash),
    forks: { blocks: [], times: [] },
    blocks: 3,
    ...shown,
  });
  expect(inspect(chain)).not.toContain('Uint8Array');
  expect(inspect(range)).toContain(latestHash);
});

test("a peer's status and range", async () => {
  const chain = memoryChain({ blocks: emptyBlocks(3) });
  const { left } = await connect({ chain }, { chain });
  const range = { earliest: 0, latest: 2, latestHash: hex(chain.range().latestHash) };
  const status = await left.eth.status;
  expect(json(status)).toEqual({
    version: 70,
    networkId: '1337',
    genesisHash: hex(chain.genesisHash),
    forkId: { hash: status.forkId.hash, next: '0' },
    ...range,
  });
  expect(json(left.eth.range)).toEqual(range);
  for (const value of [status, left.eth.range, left]) {
    expect(inspect(value)).not.toContain('Uint8Array');
  }
});

test.each([70, 68])('a peer on eth/%i is shown by its version and blocks', async (version) => {
  const chain = new MemoryChain(3);
  const { clock, left } = await connect({ chain, versions: [version] }, { chain, versions: [version] });
  await clock.advance(0);
  const shown = JSON.parse(JSON.stringify(left.eth));
  expect(shown).toMatchObject({ version, handshakeDone: true });
  expect(shown.id).toMatch(/^[0-9a-f]{128}$/);
  const { earliest, latest, latestHash } = chain.range();
  const range = { earliest, latest, latestHash: hex(latestHash) };
  expect(shown.range).toEqual(version === 68 ? undefined : range);
  const text = inspect(left.eth);
  expect(text).toMatch(/^EthPeer \{/);
  expect(text.split('\n').length).toBeLessThan(12);
  expect(text).not.toContain('Uint8Array');
});

test('an error keeps its message and both values in JSON', () => {
  const mismatch = { of: 'network', ours: 1n, theirs: 17_000n } as const;
  const error = new EthError('network-mismatch', 'another network', { mismatch });
  expect(json(error)).toEqual({
    name: 'EthError',
    code: 'network-mismatch',
    message: 'another network',
    reason: 'useless-peer',
    mismatch: { of: 'network', ours: '1', theirs: '17000' },
  });
});
