import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keepShowing } from '../../src/cli/commands/status.ts';
import { type NodeStatus, statusText } from '../../src/cli/commands/status-text.ts';
import type { PeerInfo } from '../../src/rpc/namespaces/admin.ts';
import { Program } from './program.ts';

const hash = `0x${'12'.repeat(32)}`;

const status: NodeStatus = {
  node: {
    id: 'ab'.repeat(32),
    name: 'devp2p-node/v1',
    enode: 'enode://12@192.0.2.7:30303',
    enr: 'enr:-abc',
    ip: '192.0.2.7',
    ports: { discovery: 30301, listener: 30303 },
    listenAddr: '0.0.0.0:30303',
    protocols: { eth: { network: 7331, genesis: hash, head: hash } },
  },
  peers: [],
  health: {
    healthy: true,
    status: 'ok',
    state: { name: 'synced', text: 'synced' },
    peers: { inbound: 0, outbound: 0 },
    head: { number: 5, hash },
    sync: { running: false, phases: {} },
  },
  at: 10_000,
};

function peer(fields: Partial<PeerInfo> = {}): PeerInfo {
  return {
    enode: '',
    id: 'cd'.repeat(32),
    name: 'Geth/v1.17.5',
    caps: ['eth/69'],
    network: {
      localAddress: '192.0.2.7:30303',
      remoteAddress: '192.0.2.8:50000',
      inbound: true,
      trusted: true,
      static: false,
    },
    protocols: { eth: { version: 69, earliestBlock: 0, latestBlock: 600 } },
    ...fields,
  };
}

describe('ND-16 the text of the status', () => {
  test('ND-16 a node without peers', () => {
    expect(statusText(status)).toBe(
      [
        'node     devp2p-node/v1',
        'id       abababababababab',
        'enode    enode://12@192.0.2.7:30303',
        'record   enr:-abc',
        'listens  0.0.0.0:30303 (TCP), 30301 (UDP)',
        `network  7331, genesis ${hash}`,
        `head     5 ${hash}`,
        'sync     synced',
        'peers    0: 0 inbound, 0 outbound',
      ].join('\n'),
    );
  });

  test('ND-16 peers, a line each', () => {
    const second = peer({
      name: 'x',
      transactions: {
        announced: 5,
        wanted: 4,
        requested: 4,
        broadcast: 3,
        delivered: 4,
        outcomes: { added: 6, known: 1, underpriced: 0, full: 0, refused: 0, invalid: 0 },
        sentHashes: 9,
        sentWhole: 7,
        served: 2,
        included: 0.5,
        finalized: 0,
      },
      network: { ...peer().network, inbound: false, trusted: false, static: true },
      protocols: { eth: 'handshake' },
    });
    const lines = statusText({ ...status, peers: [peer(), second] }).split('\n');
    expect(lines.slice(9)).toEqual([
      '',
      'ID                CLIENT        ADDRESS          DIRECTION  ETH  BLOCK  TX IN  TX OUT',
      'cdcdcdcdcdcdcdcd  Geth/v1.17.5  192.0.2.8:50000  inbound    69   600    -      -       trusted',
      'cdcdcdcdcdcdcdcd  x             192.0.2.8:50000  outbound   -    -      6      9       static',
    ]);
  });

  test('ND-16 the pool of transactions', () => {
    const pool = { pending: 7, queued: 2, blobs: 1 };
    expect(statusText({ ...status, health: { ...status.health, pool } })).toContain(
      '\npool     7 transactions, 1 of them with blobs; 2 wait for an earlier nonce\n',
    );
  });

  test('ND-16 a sync, with its rate since the last refresh', () => {
    const at = (time: number, done: number): NodeStatus => ({
      ...status,
      at: time,
      health: {
        ...status.health,
        sync: { running: true, target: '0x34', phases: { headers: { done, total: 1_000 } } },
      },
    });
    const first = at(10_000, 100);
    expect(statusText(first)).toContain('sync     to 0x34, headers 100 of 1000 (10 %)\n');
    expect(statusText({ ...at(12_000, 300), before: first })).toContain(
      'sync     to 0x34, headers 300 of 1000 (30 %, 100/s, 7 s left)\n',
    );
  });

  test('ND-16 the state of a waiting node, with a hint', () => {
    const state = { name: 'no-head-named', peers: 2, text: 'no block to sync to' } as const;
    const health = { ...status.health, status: 'waiting', state } as const;
    expect(statusText({ ...status, health })).toContain('\nsync     no block to sync to; set one with --sync.target, ');
    const sync = { running: true, target: '0x34', phases: {} };
    expect(statusText({ ...status, health: { ...health, sync } })).toContain('\nsync     no block');
  });

  test('ND-16 control characters in data of a remote are replaced', () => {
    const evil = peer({ name: '\u001b[2J\u009b1m\r\nGeth\u202e' });
    const text = statusText({ ...status, peers: [evil] });
    expect(text).not.toMatch(/[^\x20-\x7e\n\ufffd]/);
    expect(text.split('\n')).toHaveLength(12);
  });

  test('ND-16 it fits the screen', () => {
    const peers = Array.from({ length: 50 }, () => peer({ name: 'x'.repeat(2_000) }));
    const lines = statusText({ ...status, peers }, { columns: 60, rows: 20 }).split('\n');
    expect(lines).toHaveLength(19);
    expect(lines.at(-1)).toBe('…');
    expect(Math.max(...lines.map((line) => line.length))).toBe(60);
  });

  test.each([[{}], [{ columns: 0, rows: 0 }]])('ND-16 on a screen of unknown size, %j, no line is cut', (screen) => {
    const peers = Array.from({ length: 50 }, () => peer());
    const shown = { ...status, peers };
    expect(statusText(shown, screen)).toBe(statusText(shown));
  });

  test('ND-16 a node that no longer responds', () => {
    expect(statusText({ ...status, fault: 'no node responds' })).toContain('\nnot seen  no node responds');
  });
});

test('ND-16 in a terminal it is refreshed until a signal, also when the node has stopped', async () => {
  const clock = createVirtualClock();
  const stop = new AbortController();
  const written: string[] = [];
  const stream = { columns: 100, rows: 30, write: (text: string) => written.push(text) };
  let looks = 0;
  const look = async (): Promise<NodeStatus> => {
    looks += 1;
    if (looks === 3) throw new Error('no node responds');
    return { ...status, peers: looks === 2 ? [peer()] : [] };
  };
  const over = keepShowing({ look, stream, clock, signal: stop.signal });
  await clock.advance(6_000);
  expect(written).toHaveLength(4);
  for (const text of written) expect(text.startsWith('\u001b[H\u001b[2J')).toBe(true);
  expect(written.map((text) => text.includes('Geth'))).toEqual([false, true, true, false]);
  expect(written.map((text) => text.includes('not seen'))).toEqual([false, false, true, false]);
  stop.abort();
  await over;
  expect(clock.pending).toBe(0);
  const gone = async () => {
    throw new Error('no node responds');
  };
  await expect(keepShowing({ look: gone, stream, clock, signal: stop.signal })).rejects.toThrow();
});

describe('the command', () => {
  const genesis = fileURLToPath(new URL('../../demo/chain/genesis.json', import.meta.url));
  let folder: string;
  let programs: Program[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'status-'));
    programs = [];
  });
  afterEach(async () => {
    for (const program of programs) program.kill('SIGKILL');
    await Promise.all(programs.map(({ ended }) => ended));
    rmSync(folder, { recursive: true, force: true });
  });

  function start(...args: string[]): Program {
    const program = new Program(args);
    programs.push(program);
    return program;
  }

  async function startNode(name: string, ...flags: string[]) {
    const program = start(
      ...['--datadir', join(folder, name), '--genesis', genesis, '--nodiscover'],
      ...['--addr', '127.0.0.1', '--port', '0', '--http', '--http.port', '0', ...flags],
    );
    const [, port = ''] = await program.output(/http server started endpoint=127\.0\.0\.1:(\d+)/);
    return { program, enode: await program.enode(), port };
  }

  test('ND-16 ND-11 a running node is shown once where there is no terminal', async () => {
    const a = await startNode('a', '--http.api', 'admin,net');
    const b = await startNode('b', '--static', a.enode);
    await b.program.output(/peer added/);
    await a.program.output(/peer added/);
    const shown = start('status', '--http.port', a.port);
    expect(await shown.ended).toBe(0);
    expect(shown.stderr).toBe('');
    expect(shown.stdout).toContain(`enode    ${a.enode}\n`);
    expect(shown.stdout).toContain('peers    1: 1 inbound, 0 outbound\n');
    expect(shown.stdout).toMatch(/\n[0-9a-f]{16} {2}devp2p-node\/v\S+ {2}127\.0\.0\.1:\d+ +inbound +70 +0 +0 +0\n$/);

    // Node b does not serve admin.
    const refused = start('status', '--http.port', b.port);
    expect(await refused.ended).toBe(1);
    expect(refused.stderr).toBe(
      `devp2p-node: the node at http://127.0.0.1:${b.port} does not serve admin: start it with --http --http.api admin,net,web3\n`,
    );
  });

  test('ND-16 a node that does not answer is reported in one line', async () => {
    const other = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const lost = start('status', '--http.port', String(port));
    expect(await lost.ended).toBe(1);
    other.close();
    const none = start('status', '--http.port', String(port));
    expect(await none.ended).toBe(1);
    expect([lost.stdout, none.stdout]).toEqual(['', '']);
    const url = `http://127.0.0.1:${port}`;
    expect(lost.stderr).toBe(`devp2p-node: the server at ${url} is not a devp2p-node, or one of another version\n`);
    expect(none.stderr).toBe(
      `devp2p-node: no node responds at ${url} (connect ECONNREFUSED 127.0.0.1:${port}): start one with --http --http.api admin,net,web3, or name another with --http.addr and --http.port\n`,
    );
  });
});
