import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { httpLimits } from '@devp2p/appkit/http';
import { fromHex } from '@devp2p/bytes';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogs } from '../../src/logging/log.ts';
import { createNode } from '../../src/node/node.ts';
import type { RpcServers } from '../../src/rpc/servers.ts';
import { method } from '../../src/rpc/transport/api.ts';
import { authenticateUpgrades } from '../../src/rpc/transport/authenticate.ts';
import { listenService } from '../../src/rpc/transport/listen-service.ts';
import { ask, call, dial, open, parseAnswer, serve } from './servers.ts';
import { bearer, token } from './token.ts';

const jwtSecret = new Uint8Array(32).fill(7);
const other = new Uint8Array(32).fill(8);
const engine = { methods: { echo: method([(text) => text], (text) => text) } };
const version = call('net_version');
const seconds = (): number => Math.floor(Date.now() / 1_000);

/** Headers that are refused. */
const wrong: [string, () => Record<string, string>, string][] = [
  ['no token', () => ({}), 'missing bearer token'],
  [
    'another scheme',
    () => ({ authorization: `Basic ${token(jwtSecret, { iat: seconds() })}` }),
    'missing bearer token',
  ],
  ['another secret', () => bearer(other), 'token is signed with another secret'],
  [
    'alg none',
    () => ({ authorization: `Bearer ${token(jwtSecret, { iat: seconds() }, { alg: 'none' })}` }),
    'token is not HS256',
  ],
  [
    'HS512',
    () => ({ authorization: `Bearer ${token(jwtSecret, { iat: seconds() }, { alg: 'HS512' })}` }),
    'token is not HS256',
  ],
  ['a token that is 61 s old', () => bearer(jwtSecret, Date.now() - 61_000), 'token was issued more than 60 s ago'],
  [
    // An hour ahead, since the difference shrinks while the test runs.
    'a token from the future',
    () => bearer(jwtSecret, Date.now() + 3_600_000),
    'token was issued more than 60 s ahead',
  ],
  ['a token without iat', () => ({ authorization: `Bearer ${token(jwtSecret, {})}` }), 'token has no iat'],
];

const upgradeHeaders = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
};

test('EN-38 requests that a caller sends ahead are processed one after another', async () => {
  let running = 0;
  let most = 0;
  const work = async (): Promise<string> => {
    running++;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    running--;
    return 'x';
  };
  const servers = await serve({
    authrpc: { port: 0, jwtSecret },
    engine: { methods: { work: method([], work) } },
  });
  const url = servers.authrpc ?? '';
  const { socket, answer } = open(url);
  const body = call('engine_work');
  const head = `POST / HTTP/1.1\r\nhost: ${new URL(url).host}\r\ncontent-type: application/json\r\nauthorization: ${
    bearer(jwtSecret).authorization
  }\r\ncontent-length: ${body.length}\r\n`;
  socket.write(`${`${head}\r\n${body}`.repeat(99)}${head}connection: close\r\n\r\n${body}`);
  expect((await answer).match(/"result":"x"/g)).toHaveLength(100);
  expect(most).toBe(1);
  await servers.close();
});

describe('the port of the consensus client', () => {
  let servers: RpcServers;
  let url: string;
  beforeEach(async () => {
    servers = await serve({ authrpc: { port: 0, jwtSecret }, engine });
    url = servers.authrpc ?? '';
  });
  /** The server still serves valid requests. */
  afterEach(async () => {
    const { body } = await ask(url, { headers: bearer(jwtSecret), body: version });
    expect(JSON.parse(body)).toEqual({ jsonrpc: '2.0', id: 1, result: '7331' });
    await servers.close();
  });

  test('EN-01 ND-11 it is bound to 127.0.0.1 and offers engine, net and web3', async () => {
    expect(servers).toMatchObject({ http: undefined, ws: undefined });
    expect(new URL(url).hostname).toBe('127.0.0.1');
    const headers = bearer(jwtSecret);
    const { body } = await ask(url, { headers, body: call('rpc_modules') });
    const result = { rpc: '1.0', engine: '1.0', net: '1.0', web3: '1.0' };
    expect(JSON.parse(body)).toMatchObject({ result });
    const echo = await ask(url, { headers, body: call('engine_echo', ['x']) });
    expect(JSON.parse(echo.body)).toMatchObject({ result: 'x' });
  });

  test.each(wrong)('EN-02 ND-09 over HTTP, %s gets 401', async (_, headers, fault) => {
    const answer = await ask(url, { headers: headers(), body: version });
    expect(answer).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer', connection: 'close' },
      body: `${fault}\n`,
    });
  });

  test.each(wrong)('EN-02 ND-09 over WebSocket, %s gets 401', async (_, headers, fault) => {
    const request = { method: 'GET', headers: { ...upgradeHeaders, ...headers() } };
    expect(await ask(url, request)).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer', connection: 'close' },
      body: `${fault}\n`,
    });
  });

  test('EN-02 ND-09 the token of a WebSocket is checked at the handshake, on the same port', async () => {
    const at = url.replace('http', 'ws');
    const { socket, next, closed } = await dial(at, { headers: bearer(jwtSecret) });
    for (const text of ['x', 'y']) {
      socket.send(call('engine_echo', [text]));
      expect(await next()).toMatchObject({ result: text });
    }
    await servers.close();
    expect(await closed).toBe(1001);
    servers = await serve({ authrpc: { port: 0, jwtSecret }, engine });
    url = servers.authrpc ?? '';
  });

  test('ND-09 without a token every path and method gets 401', async () => {
    for (const path of ['/health', '/', '/x']) {
      for (const type of ['GET', 'POST', 'OPTIONS', 'PUT']) {
        expect((await ask(url, { path, method: type })).status).toBe(401);
      }
    }
    const get = { method: 'GET', path: '/health', headers: bearer(jwtSecret) };
    expect((await ask(url, get)).status).toBe(200);
  });

  test('HX-27 a page of another origin is refused, and a foreign host name', async () => {
    const headers = bearer(jwtSecret);
    const evil = { origin: 'http://evil.example' };
    for (const request of [
      { headers: { ...headers, ...evil }, body: version },
      { method: 'OPTIONS', headers: { ...headers, ...evil } },
      { headers: { ...headers, host: 'evil.example' }, body: version },
      { method: 'GET', headers: { ...headers, ...upgradeHeaders, ...evil } },
    ]) {
      const answer = await ask(url, request);
      expect(answer.status).toBe(403);
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  test('EN-02 HX-27 a wrong token is refused before the body is received', async () => {
    const { socket, answer } = open(url);
    socket.write(
      'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100000000\r\n\r\n{',
    );
    expect(parseAnswer(await answer).status).toBe(401);
  });

  test('EN-04 ND-09 the limits of bodies and batches are higher than on the other ports', async () => {
    const headers = bearer(jwtSecret);
    const body = `${' '.repeat(6 * 1024 * 1024)}${version}`;
    expect((await ask(url, { headers, body })).status).toBe(200);
    const batch = (length: number) => `[${Array(length).fill(version).join(',')}]`;
    const answers = await ask(url, { headers, body: batch(2_000) });
    expect(JSON.parse(answers.body)).toHaveLength(2_000);
    const refused = await ask(url, { headers, body: batch(2_001) });
    expect(JSON.parse(refused.body)).toMatchObject([{ error: { code: -32600 } }]);
  });

  test('EN-04 EN-38 HX-27 a body over 128 MiB is refused by its length', async () => {
    const { socket, answer } = open(url);
    const { authorization } = bearer(jwtSecret);
    socket.write(
      `POST / HTTP/1.1\r\nhost: localhost\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\ncontent-length: ${128 * 1024 * 1024 + 1}\r\n\r\n`,
    );
    expect(parseAnswer(await answer)).toMatchObject({
      status: 413,
      body: 'request too large, at most 134217728 bytes\n',
    });
  });
});

test('HX-27 a caller that disconnects while its token is checked causes no error', async () => {
  const looking: ((fault: string | undefined) => void)[] = [];
  const passed: unknown[] = [];
  const check = () => new Promise<string | undefined>((resolve) => looking.push(resolve));
  const authenticate = authenticateUpgrades(check, (_, socket) => passed.push(socket.destroyed));
  const gone: Promise<void>[] = [];
  const listener = await listenService({
    ...{
      host: '127.0.0.1',
      port: 0,
      service: 'authrpc',
      limits: httpLimits,
      log: silentLogs('rpc'),
    },
    onRequest: (_, response) => response.end(),
    onUpgrade: (request, socket, head) => {
      gone.push(new Promise((resolve) => socket.once('close', resolve)));
      authenticate(request, socket, head);
    },
  });
  const head = Object.entries({ host: 'localhost', ...upgradeHeaders })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  for (const fault of [undefined, 'missing bearer token']) {
    const { socket } = open(listener.url);
    socket.write(`GET / HTTP/1.1\r\n${head}\r\n`);
    while (looking.length === 0) await new Promise(setImmediate);
    socket.resetAndDestroy();
    await gone.pop();
    looking.pop()?.(fault);
  }
  await listener.close();
  expect(passed).toEqual([true]);
});

test('EN-01 ND-11 engine is served on this port only, and admin is not', async () => {
  const servers = await serve({
    http: { port: 0, apis: ['admin', 'net', 'web3'] },
    authrpc: { port: 0, jwtSecret },
    engine,
  });
  const open = await ask(servers.http ?? '', { body: call('engine_echo', ['x']) });
  expect(JSON.parse(open.body).error.code).toBe(-32601);
  const headers = bearer(jwtSecret);
  const closed = await ask(servers.authrpc ?? '', { headers, body: call('admin_peers') });
  expect(JSON.parse(closed.body).error.code).toBe(-32601);
  await servers.close();
});

test('ND-09 virtual hosts can be configured', async () => {
  const servers = await serve({ authrpc: { port: 0, jwtSecret, virtualHosts: ['el.example'] } });
  const from = async (host: string) =>
    (
      await ask(servers.authrpc ?? '', {
        headers: { ...bearer(jwtSecret), host },
        body: version,
      })
    ).status;
  expect([await from('el.example:8551'), await from('localhost')]).toEqual([200, 403]);
  await servers.close();
});

test('ND-09 the error of a port in use names the port, and no socket is left open', async () => {
  const first = await serve({ authrpc: { port: 0, jwtSecret } });
  const port = Number(new URL(first.authrpc ?? '').port);
  await expect(serve({ http: { port: 0 }, authrpc: { port, jwtSecret } })).rejects.toMatchObject({
    code: 'port-unavailable',
    message: `authrpc port ${port} on 127.0.0.1 is in use by another program`,
  });
  await first.close();
});

test('ND-11 an address that other hosts can reach causes a warning', async () => {
  const warnings: string[] = [];
  const log = {
    ...silentLogs('rpc'),
    warn: (_: unknown, message: string) => warnings.push(message),
  };
  await (await serve({ authrpc: { port: 0, jwtSecret }, log })).close();
  expect(warnings).toEqual([]);
  await (await serve({ authrpc: { port: 0, host: '0.0.0.0', jwtSecret }, log })).close();
  expect(warnings).toEqual(['authrpc is not encrypted: an intercepted token is valid for 60 s']);
});

describe('a node with the Engine API', () => {
  let datadir: string;
  beforeEach(() => {
    datadir = mkdtempSync(join(tmpdir(), 'authrpc-'));
  });
  afterEach(() => rmSync(datadir, { recursive: true, force: true }));
  const genesis = fileURLToPath(new URL('../../demo/chain/genesis.json', import.meta.url));
  const local = { genesis, host: '127.0.0.1', port: 0, discovery: false } as const;

  test('EN-03 ND-09 it creates its secret, and accepts tokens signed with it', async () => {
    const lines: string[] = [];
    const write = (fields: unknown, message: string): void => {
      lines.push(JSON.stringify([fields, message]));
    };
    const log = { error: write, warn: write, info: write, debug: write, trace: write };
    await using node = await createNode({
      ...{ ...local, datadir, authrpc: { port: 0 }, logs: () => log },
    });
    const hex = readFileSync(join(datadir, 'jwtsecret'), 'utf8').trim();
    const headers = bearer(fromHex(hex));
    const body = call('engine_exchangeCapabilities', [[]]);
    const answer = await ask(node.endpoints.authrpc ?? '', { headers, body });
    expect(JSON.parse(answer.body)).toMatchObject({ result: expect.any(Array) });
    expect(lines.join('')).toContain('authrpc server started');
    expect(lines.join('')).not.toContain(hex);
  });

  test('EN-03 ND-09 a configured secret must have 32 bytes', async () => {
    const settings = { ...local, datadir, authrpc: { port: 0, jwtSecret: new Uint8Array(16) } };
    await expect(createNode(settings)).rejects.toMatchObject({
      code: 'jwtsecret-invalid',
      message: 'a JWT secret has 32 bytes, not 16',
    });
  });
});
