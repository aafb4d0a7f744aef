import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const demo = fileURLToPath(new URL('../apps/node/demo/dist/main.js', import.meta.url));

/** Preloaded into the demo and its programs: an address outside of loopback is an error. */
const onlyLoopback = `
  import dgram from 'node:dgram';
  import dns from 'node:dns';
  import net from 'node:net';
  const check = (host) => {
    if (host && !/^(127\\.|::1$|localhost$)/.test(host)) throw new Error('outside of loopback: ' + host);
  };
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (...args) {
    const [first] = args.flat();
    check(typeof first === 'object' ? first?.host : args[1]);
    return connect.apply(this, args);
  };
  const { send } = dgram.Socket.prototype;
  dgram.Socket.prototype.send = function (...args) {
    check(args.find((one, i) => i > 0 && typeof one === 'string'));
    return send.apply(this, args);
  };
  for (const name of ['lookup', 'resolve', 'resolve4', 'resolveTxt']) {
    const original = dns[name];
    dns[name] = (host, ...rest) => (check(host), original(host, ...rest));
  }
`;

test('ND-17 the demo runs a network on loopback alone: discovery, blocks, a transaction, a reorganization, a kill, and a clean end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'devp2p-demo-test-'));
  try {
    const preload = `--import=data:text/javascript,${encodeURIComponent(onlyLoopback)}`;
    const { PATH } = process.env;
    const env = { PATH, TMPDIR: folder, NODE_OPTIONS: preload };
    const child = spawn(process.execPath, [demo], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise((resolve) => child.on('close', resolve));
    const [output, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    const steps = [
      'a boot node helps the other nodes to find each other',
      'they found node A and executed all blocks; the state root is 0x',
      '4 new blocks spread: whole to some peers, by their hash to the others',
      'to node B; it spreads to the pools of all nodes',
      'node A mines it in block 65; its receipt by node B has status 1 and 21000 gas',
      'a branch of 4 blocks replaced 3 blocks; the state root is 0x',
      'node C is stopped by kill -9',
      'all nodes have block ',
      'the crawler found all five nodes and connected to each',
      'all five nodes disconnected from their peers and stopped',
    ];
    const places = steps.map((step) => output.indexOf(step));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    // Times of four blocks at three nodes, and of a transaction at four.
    expect(output.match(/\b\d+ ms/g)?.length ?? 0).toBeGreaterThan(0);
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
