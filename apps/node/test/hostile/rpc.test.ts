import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { fromHex } from '@devp2p/bytes';
import { beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Daemon } from '../../soak/daemon.ts';
import { connectPeer } from '../../soak/guest.ts';
import { ask, call, open, parseAnswer } from '../rpc/servers.ts';
import { bearer, token } from '../rpc/token.ts';
import { datadir, Honest, start } from './scene.ts';

/** Whether to test the longest timeout as well. */
const { HOSTILE_SLOW } = process.env;
/** Of one message, or body, in bytes. */
const maxRequest = 5 * 1024 * 1024;
/** Connections at once, and those of them that wait for a request. */
const [maxConnections, maxWaiting] = [512, 256];
const [maxWebSockets, maxSubscriptions] = [64, 32];

let daemon: Daemon;
let honest: Honest;
let http: string;
let ws: string;
let metrics: string;
let authrpc: string;
let secret: Uint8Array;
beforeAll(async () => {
  const apis = 'admin,net,web3';
  const directory = datadir();
  daemon = start(
    ...([directory, '--nodiscover', '--http', '--http.port', '0', '--http.api', apis] as const),
    ...['--ws', '--ws.port', '0', '--ws.api', apis, '--metrics', '--metrics.port', '0'],
    ...['--authrpc', '--authrpc.port', '0'],
  );
  await daemon.enode;
  const endpoint = (name: string): string =>
    `http://${new RegExp(`${name} server started endpoint=(\\S+)`).exec(daemon.stderr)?.[1]}`;
  [http, ws, metrics] = [endpoint('http'), endpoint('ws'), endpoint('metrics')];
  authrpc = endpoint('authrpc');
  secret = fromHex(readFileSync(join(directory, 'jwtsecret'), 'utf8').trim());
  honest = await Honest.arrive(daemon);
});

/** Checks that the server and the node's peers are served as usual. */
async function expectServed({ descriptors = 0 } = {}): Promise<void> {
  expect(await daemon.call('net_version')).toBe('7331');
  // Received data that is not collected yet: 64 MiB of bodies at once, as bytes and as text, and the messages of a
  // few WebSockets.
  await honest.expectServed({ bytes: 192e6, descriptors });
}

/** The start of a request, up to its last common header. */
function post(url: string): string {
  return `POST / HTTP/1.1\r\nhost: ${new URL(url).host}\r\ncontent-type: application/json\r\n`;
}
const upgradeHeaders = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
};
function upgrade(url: string): string {
  const lines = Object.entries({ host: new URL(url).host, ...upgradeHeaders });
  return `GET / HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}`;
}

/** Sends a byte every 100 ms, except for the last one. */
function dribble(url: string, text: string, first = ''): Promise<string> {
  const { socket, answer } = open(url);
  socket.write(first);
  let sent = 0;
  // Received data is read before the next write, because a write to a closed connection discards unread data.
  const next = (): void => {
    if (isAnswered || sent >= text.length - 1) return;
    socket.write(text[sent++] ?? '');
  };
  const timer = setInterval(() => setImmediate(next), 100);
  let isAnswered = false;
  socket.once('data', () => {
    isAnswered = true;
  });
  void answer.then(() => clearInterval(timer));
  return answer;
}

/** A WebSocket connection to which a test writes raw frames, and the code with which it is closed. */
async function attach(): Promise<{ socket: Socket; code: Promise<number> }> {
  const { socket } = open(ws);
  let last = '';
  socket.on('data', (text: string) => {
    last = (last + text).slice(-1_000);
  });
  const code = new Promise<number>((resolve) => {
    socket.on('close', () => {
      const bytes = Buffer.from(last, 'latin1');
      const at = bytes.lastIndexOf(0x88);
      resolve(at < 0 ? 1006 : bytes.readUInt16BE(at + 2));
    });
  });
  socket.write(`${upgrade(ws)}\r\n`);
  while (!last.includes('\r\n\r\n')) await once(socket, 'data');
  return { socket, code };
}

/** Opcodes of frames, and the bit of a message's last frame. */
const [continuation, text, ping, last] = [0x0, 0x1, 0x9, 0x80];

/** A client's frame, masked with zeros. */
function frame(first: number, payload: string): Buffer {
  const { length } = payload;
  const size =
    length < 126 ? [0x80 | length] : [0xff, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (length >>> shift) & 0xff)];
  return Buffer.concat([Uint8Array.of(first, ...size, 0, 0, 0, 0), Buffer.from(payload, 'latin1')]);
}

/** Writes as fast as the other side reads, until it closes the connection. */
async function pour(socket: Socket, chunk: Uint8Array, times = 10_000): Promise<void> {
  for (let i = 0; i < times && !socket.destroyed; i++) {
    if (socket.write(chunk)) continue;
    const over = new AbortController();
    const { signal } = over;
    await Promise.race([once(socket, 'drain', { signal }), once(socket, 'close', { signal })]).catch(() => {});
    over.abort();
  }
}

/** A WebSocket caller, and its next received message. */
async function dial(): Promise<{
  socket: WebSocket;
  next: () => Promise<Record<string, unknown>>;
}> {
  const socket = new WebSocket(ws.replace('http', 'ws'));
  await once(socket, 'open');
  return {
    socket,
    async next() {
      const [data] = await once(socket, 'message');
      return JSON.parse(String(data));
    },
  };
}

const batch = `[${Array.from({ length: 10_000 }, () => call('net_version')).join(',')}]`;

test('HX-27 idle connections are limited in number, and block no caller', async () => {
  const idle = [http, ws, metrics].flatMap((url) => Array.from({ length: 600 }, () => open(url)));
  await Promise.all(idle.map(({ socket }) => Promise.race([once(socket, 'connect'), once(socket, 'close')])));
  await expectServed({ descriptors: 3 * maxConnections });
  const { socket } = await dial();
  socket.terminate();
  expect((await ask(metrics, { method: 'GET', path: '/metrics' })).status).toBe(200);
  // The connections that had been idle longest were closed.
  const out = idle.filter(({ socket: { destroyed } }) => destroyed).length;
  expect(out).toBeGreaterThanOrEqual(3 * (600 - maxConnections));
  expect(daemon.descriptors).toBeLessThan(3 * (maxWaiting + 1) + 100);
  for (const { socket } of idle) socket.destroy();
  await Promise.all(idle.map(({ answer }) => answer));
  await expectServed();
});

/** Responses to slow callers, which stay connected while the other tests run. */
let slow: { readonly headers: readonly Promise<string>[]; readonly body: Promise<string> };
test('HX-27 slow callers block no other caller', async () => {
  slow = {
    headers: [http, metrics].map((url) => dribble(url, post(url))).concat(dribble(ws, upgrade(ws))),
    body: dribble(http, ' '.repeat(1_000), `${post(http)}content-length: 1000\r\n\r\n`),
  };
  await expectServed({ descriptors: 4 });
});

describe('HX-27 over HTTP', () => {
  test.each([
    ['a body over the limit', ' '.repeat(maxRequest + 1), 413],
    ['arrays in arrays', '['.repeat(maxRequest), 400],
    ['objects in objects', '{"a":'.repeat(maxRequest / 5), 400],
    ['objects in a call', call('net_version', [JSON.parse('['.repeat(99) + ']'.repeat(99))]), 400],
    ['a batch of 10,000', batch, 200],
  ])('HX-27 %s, from ten callers at once, is refused', async (_, body, status) => {
    const attacks = Array.from({ length: 10 }, () => ask(http, { body }));
    await expectServed({ descriptors: 10 });
    for (const answer of await Promise.all(attacks)) {
      expect(answer.status).toBe(status);
      // No call of a refused body was made.
      expect(answer.body).not.toContain('7331');
    }
    await expectServed();
  });

  test('HX-27 an endless body is refused once it exceeds the limit', async () => {
    const { socket, answer } = open(http);
    socket.write(`${post(http)}transfer-encoding: chunked\r\n\r\n`);
    await pour(socket, Buffer.from(`10000\r\n${' '.repeat(0x10000)}\r\n`));
    expect(parseAnswer(await answer).status).toBe(413);
    await expectServed();
  });

  const evil = 'http://evil.example';
  test.each([
    ['of another origin', () => http, { headers: { origin: evil } }],
    ['that sends no preflight', () => http, { headers: { origin: evil, 'content-type': 'text/plain' } }],
    ['that sends a preflight', () => http, { method: 'OPTIONS', headers: { origin: evil } }],
    ['in a frame without an origin', () => http, { headers: { origin: 'null' } }],
    ['whose host name resolves to the node', () => http, { headers: { host: 'evil.example:8545' } }],
    [
      'whose host name resolves to the node, and requests its health',
      () => http,
      { method: 'GET', path: '/health', headers: { host: 'evil.example' } },
    ],
    ['that opens a WebSocket', () => ws, { method: 'GET', headers: { ...upgradeHeaders, origin: evil } }],
    [
      'whose host name resolves to the node, that opens a WebSocket',
      () => ws,
      { method: 'GET', headers: { ...upgradeHeaders, origin: evil, host: 'evil.example:8546' } },
    ],
  ])('HX-27 a page %s gets 403', async (_, url, request) => {
    const { status, headers, body } = await ask(url(), {
      body: call('admin_nodeInfo'),
      ...request,
    });
    expect(status).toBe(403);
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    expect(body).not.toContain('enode');
  });
});

describe('HX-27 over WebSocket', () => {
  test.each([
    ['a message over the limit', 1009, frame(text | last, ' '.repeat(maxRequest + 1)), 1],
    ['an endless message', 1009, frame(continuation, ' '.repeat(65_536)), 10_000],
    ['a message in frames of one byte', 1008, Buffer.concat(Array(1_000).fill(frame(continuation, ' '))), 10_000],
    ['an unmasked frame', 1002, Buffer.from([text | last, 2, 0x5b, 0x5d]), 1],
    ['a frame with an unknown opcode', 1002, frame(0xf | last, ''), 1],
    ['text with invalid UTF-8', 1007, frame(text | last, '\xff\xfe'), 1],
  ])('HX-27 %s closes its connection with %i', async (_, expected, chunk, times) => {
    const { socket, code } = await attach();
    if ((chunk[0] ?? 0) === continuation) socket.write(frame(text, '['));
    await pour(socket, chunk, times);
    expect(await code).toBe(expected);
    await expectServed();
  });

  test('HX-27 a caller that sends endless pings is disconnected', async () => {
    const { socket, code } = await attach();
    socket.pause();
    await pour(socket, Buffer.concat(Array(500).fill(frame(ping | last, ' '.repeat(125)))));
    expect(await code).toBe(1006);
    await expectServed();
  });

  test.each([
    ['arrays in arrays', '['.repeat(1_000_000)],
    ['a batch of 10,000', batch],
  ])('HX-27 %s is answered with an error', async (_, body) => {
    const { socket, next } = await dial();
    socket.send(body);
    const [answer] = [await next()].flat();
    expect(answer).toMatchObject({ error: { code: expect.any(Number) } });
    socket.terminate();
    await expectServed();
  });

  test('HX-27 subscriptions and connections are limited in number', async () => {
    const { socket, next } = await dial();
    for (let count = 0; count < maxSubscriptions; count++) {
      socket.send(call('admin_subscribe', ['peerEvents']));
      expect(await next()).toHaveProperty('result');
    }
    socket.send(call('admin_subscribe', ['peerEvents']));
    expect(await next()).toMatchObject({ error: { message: expect.stringContaining('too many') } });
    socket.terminate();
    await once(socket, 'close');
    const others = await Promise.all(Array.from({ length: maxWebSockets - 1 }, dial));
    const held = await dial();
    expect((await ask(ws, { method: 'GET', headers: upgradeHeaders })).status).toBe(503);
    await expectServed({ descriptors: maxWebSockets });
    for (const other of [...others, held]) other.socket.terminate();
  });

  test('HX-27 a caller that sends requests, subscribes and never reads is dropped, and costs a bounded queue', async () => {
    const attackers = await Promise.all([dial(), dial(), dial(), dial()]);
    const closed = attackers.map(({ socket }) => once(socket, 'close'));
    for (const { socket, next } of attackers) {
      socket.send(call('admin_subscribe', ['peerEvents']));
      expect(await next()).toHaveProperty('result');
      socket.pause();
      // Responses repeat the id, which makes them long.
      const question = call('net_version', [], 'x'.repeat(2_000_000));
      for (let count = 0; count < 40; count++) socket.send(question);
    }
    // Without the bound, the queue of each caller would hold 64 MB.
    await expectServed({ descriptors: 4 });
    const { peer } = await connectPeer(await daemon.enode);
    await peer.disconnect('requested');
    for (const { socket } of attackers) socket.resume();
    for (const end of closed) expect((await end)[0]).toBe(1006);
    await expectServed();
  });
});

describe('HX-27 on the consensus client’s port', () => {
  const other = new Uint8Array(32);
  const iat = Math.floor(Date.now() / 1_000);
  const wrong: [string, () => Record<string, string>][] = [
    ['no token', () => ({})],
    ['another secret', () => bearer(other)],
    ['no signature', () => ({ authorization: `Bearer ${token(secret, { iat }, { alg: 'none' })}` })],
    ['an hour too late', () => bearer(secret, Date.now() - 3_600_000)],
    ['garbage', () => ({ authorization: `Bearer ${'.'.repeat(8_000)}` })],
  ];
  /** Checks that a call with a valid token is answered. */
  async function expectAnswer(): Promise<void> {
    const answer = await ask(authrpc, { headers: bearer(secret), body: call('net_version') });
    expect(JSON.parse(answer.body)).toMatchObject({ result: '7331' });
    await expectServed();
  }

  test.each(wrong)('HX-27 %s is refused with 401, twenty times at once', async (_, headers) => {
    const request = { headers: headers(), body: call('engine_exchangeCapabilities', [[]]) };
    const upgrade = { method: 'GET', headers: { ...upgradeHeaders, ...headers() } };
    const attacks = Array.from({ length: 20 }, (_, i) => ask(authrpc, i % 2 ? request : upgrade));
    for (const { status } of await Promise.all(attacks)) expect(status).toBe(401);
    await expectAnswer();
  });

  test('HX-27 megabytes with a wrong token are refused with 401 before they are received in full', async () => {
    const { socket, answer } = open(authrpc);
    const { authorization } = bearer(other);
    socket.write(`${post(authrpc)}authorization: ${authorization}\r\ncontent-length: 100000000\r\n\r\n`);
    await pour(socket, Buffer.alloc(65_536, ' '), 400);
    expect(parseAnswer(await answer).status).toBe(401);
    await expectAnswer();
  });
});

test('HX-27 headers sent byte by byte are refused with 408, also those of a WebSocket', async () => {
  for (const answer of await Promise.all(slow.headers)) expect(parseAnswer(answer).status).toBe(408);
  await expectServed();
});

test.skipIf(HOSTILE_SLOW === undefined)('HX-27 an incomplete body is refused with 408', async () => {
  expect(parseAnswer(await slow.body).status).toBe(408);
  await expectServed();
});
