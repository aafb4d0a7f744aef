import { createVirtualClock } from '@devp2p/clock/virtual';
import { eth, type ForkSchedule } from '@devp2p/eth';
import { memoryChain } from '@devp2p/eth/memory';
import { openPeer, protocol } from '@devp2p/peer';
import { streamPair } from '@devp2p/peer/pipe';
import { describe, expect, test } from 'vitest';
import type { LogFields } from '../../src/logging/log.ts';
import { ForkWatch } from '../../src/network/fork-watch.ts';
import { type Incompatibility, IncompatibleNodes, isUseless } from '../../src/network/incompatible.ts';
import { openNodePeer } from '../../src/network/open-peer.ts';
import { shortId } from '../../src/network/peer-id.ts';

const key = (byte: number): Uint8Array => new Uint8Array(64).fill(byte);
const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

/** A log, and the lines of a level in it. */
function keptLog() {
  const lines: [string, string, LogFields][] = [];
  const at = (level: string) => (fields: LogFields, message: string) => void lines.push([level, message, fields]);
  return {
    log: {
      error: at('error'),
      warn: at('warn'),
      info: at('info'),
      debug: at('debug'),
      trace: at('trace'),
    },
    /** Of all levels. */
    all: () => lines.map(([, message, fields]) => [message, fields]),
    lines: (level: string) => lines.filter(([one]) => one === level).map(([, message, fields]) => [message, fields]),
  };
}

const forks: ForkSchedule = { blocks: [], times: [100] };
const chainOf = (fields: Partial<Parameters<typeof memoryChain>[0]> = {}) =>
  memoryChain({ networkId: 1n, genesisHash: hash(7), forks, ...fields });

/** A node of chain 1 that is dialed by others. */
function node(versions?: number[]) {
  const clock = createVirtualClock();
  const { log, lines, all } = keptLog();
  const nodes = new IncompatibleNodes(clock, log);
  const options = {
    protocols: [eth({ chain: chainOf(), clock, versions })] as const,
    clientId: 'ours/1.0',
    flags: () => ({ static: false, trusted: false }),
    onIncompatible: (id: Uint8Array, who: LogFields, incompatibility: Incompatibility) =>
      nodes.add(id, who, incompatibility),
    clock,
    log,
  };
  return {
    clock,
    nodes,
    lines,
    all,
    async meet(byte: number, theirs: Parameters<typeof openPeer>[1]): Promise<unknown> {
      const [remote, local] = streamPair({ ids: [key(byte), key(1)] });
      const signal = new AbortController().signal;
      const result = openNodePeer(local, { objection: () => undefined, signal }, options).then(
        () => undefined,
        (error: unknown) => error,
      );
      openPeer(remote, { ...theirs, clientId: 'theirs/1.0', clock })
        .then((peer) => peer.closed)
        .catch(() => {});
      await clock.advance(3_000);
      return result;
    },
  };
}

describe('ET-03 a peer of another chain is named, on our side, with both values', () => {
  const other = (fields: Parameters<typeof chainOf>[0]) => ({
    protocols: [eth({ chain: chainOf(fields) })],
  });
  const elsewhere = chainOf({ forks: { blocks: [5], times: [] } });
  const forked = { ...elsewhere, range: () => ({ ...elsewhere.range(), latest: 10 }) };
  const bare = (name: string, version: number) => ({
    protocols: [protocol({ name, version, length: 17, run: async () => {} })],
  });
  test.each<[string, Parameters<typeof openPeer>[1], string, string, string]>([
    ['network id', other({ networkId: 5n }), 'another network id', '1', '5'],
    [
      'genesis block',
      other({ genesisHash: hash(8) }),
      'another genesis block',
      `0x${'07'.repeat(32)}`,
      `0x${'08'.repeat(32)}`,
    ],
    ['fork id', { protocols: [eth({ chain: forked })] }, 'another fork id', 'next 100', 'next 0'],
    ['version', bare('eth', 68), 'no eth version in common', 'eth/70 eth/69', 'eth/68'],
    ['protocol', bare('les', 4), 'it does not support eth', 'eth/70 eth/69', 'les/4'],
  ])('ET-03 %s', async (_, theirs, text, ours, its) => {
    const { meet, lines, all, nodes } = node();
    const error = await meet(2, theirs);
    expect(isUseless(error)).toBe(true);
    const [[message, fields] = ['', {}], ...more] = lines('info') as [string, { ours?: unknown; theirs?: unknown }][];
    expect(more).toEqual([]);
    expect(message).toBe(`peer refused: ${text}`);
    const shown = (value: unknown) =>
      value instanceof Uint8Array ? `0x${Buffer.from(value).toString('hex')}` : String(value);
    expect(fields).toMatchObject({
      id: shortId(key(2)),
      client: 'theirs/1.0',
      inbound: expect.anything(),
    });
    expect(shown(fields.ours)).toContain(ours);
    expect(shown(fields.theirs)).toContain(its);
    expect(nodes.recent().count).toBe(1);
    // The cause is logged before the end.
    expect(all()).toMatchObject([
      [message, {}],
      ['peer dropped', { id: shortId(key(2)), error: expect.any(String) }],
    ]);
  });

  test('ET-03 once a minute for each kind, with the number of suppressed lines', async () => {
    const { meet, lines, clock, nodes } = node();
    for (let i = 0; i < 5; i++) await meet(10 + i, other({ networkId: 5n }));
    await meet(30, other({ genesisHash: hash(8) }));
    expect(lines('info').map(([message]) => message)).toEqual([
      'peer refused: another network id',
      'peer refused: another genesis block',
    ]);
    await clock.advance(60_000);
    await meet(40, other({ networkId: 5n }));
    expect(lines('info').at(-1)).toMatchObject(['peer refused: another network id', { others: 4 }]);
    expect(nodes.recent()).toEqual({ count: 7, most: 'network' });
    await clock.advance(600_000);
    expect(nodes.recent()).toEqual({ count: 0, most: undefined });
  });

  test('ET-03 neither a compatible peer nor one that disconnects is logged as refused', async () => {
    const { meet, lines, nodes } = node();
    expect(await meet(2, other({}))).toBeUndefined();
    await meet(3, bare('eth', 70));
    expect(lines('info').map(([message]) => message)).toEqual(['peer added']);
    expect(nodes.recent().count).toBe(0);
  });

  test('memory for peers of other chains is bounded', () => {
    const clock = createVirtualClock();
    const { log, lines } = keptLog();
    const nodes = new IncompatibleNodes(clock, log);
    for (let i = 0; i < 5_000; i++) {
      const id = new Uint8Array(64);
      new DataView(id.buffer).setUint32(0, i);
      nodes.add(id, {}, { of: 'network', ours: 1n, theirs: BigInt(i) });
    }
    expect(nodes.recent().count).toBe(1_024);
    expect(lines('info')).toHaveLength(1);
  });
});

describe('FK-20 a schedule that lacks a fork', () => {
  const setUp = () => {
    const clock = createVirtualClock();
    const { log, lines } = keptLog();
    return { clock, watch: new ForkWatch({ blocks: [50], times: [100] }, clock, log), lines };
  };
  const forkOf = (next: bigint) => ({ hash: 1, next });
  const differs: Incompatibility = {
    of: 'fork',
    ours: forkOf(0n),
    theirs: forkOf(0n),
    problem: 'incompatible-or-stale',
  };

  test('FK-20 that several peers announce is reported, once an hour', async () => {
    const { clock, watch, lines } = setUp();
    watch.fits(key(1), forkOf(200n));
    watch.fits(key(2), forkOf(200n));
    // The same peer again, forks of our schedule, and no fork.
    watch.fits(key(2), forkOf(200n));
    watch.fits(key(3), forkOf(100n));
    watch.fits(key(4), forkOf(50n));
    watch.fits(key(5), forkOf(0n));
    expect(lines('warn')).toEqual([]);
    watch.fits(key(6), forkOf(200n));
    expect(lines('warn')).toEqual([
      [
        'peers announce a fork that this schedule does not have: update this program, or the genesis',
        { fork: 200n, count: 3, peers: 6 },
      ],
    ]);
    for (let i = 7; i < 20; i++) watch.fits(key(i), forkOf(200n));
    expect(lines('warn')).toHaveLength(1);
    await clock.advance(3_600_000);
    // Announcements expire after an hour.
    watch.fits(key(1), forkOf(200n));
    watch.fits(key(2), forkOf(200n));
    expect(lines('warn')).toHaveLength(1);
    watch.fits(key(3), forkOf(200n));
    expect(lines('warn')).toHaveLength(2);
  });

  test('FK-20 that most peers of the genesis block have passed is reported', () => {
    const { watch, lines } = setUp();
    for (let i = 1; i <= 3; i++) watch.fits(key(i), forkOf(0n));
    for (let i = 11; i <= 13; i++) watch.differs(key(i), differs);
    expect(lines('warn')).toEqual([]);
    watch.differs(key(14), differs);
    expect(lines('warn')).toMatchObject([
      [expect.stringContaining('most peers of this genesis block'), { count: 4, peers: 7 }],
    ]);
  });

  test('FK-20 other networks, two peers, and a different fork from each peer are not reported', () => {
    const { watch, lines } = setUp();
    for (let i = 1; i < 9; i++) {
      watch.differs(key(i), { of: 'genesis', ours: hash(1), theirs: hash(2) });
      watch.fits(key(20 + i), forkOf(BigInt(1_000 + i)));
    }
    for (let i = 50; i < 52; i++) watch.differs(key(i), differs);
    expect(lines('warn')).toEqual([]);
  });
});
