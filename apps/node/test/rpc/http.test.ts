import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { type HttpListener, httpLimits } from '@devp2p/appkit/http';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogs } from '../../src/logging/log.ts';
import type { RpcServers } from '../../src/rpc/servers.ts';
import { acceptsGzip, createHttpHandler } from '../../src/rpc/transport/http.ts';
import { listenService } from '../../src/rpc/transport/listen-service.ts';
import { ask, call, open, parseAnswer, serve } from './servers.ts';

const version = call('net_version');
const versionAnswer = { jsonrpc: '2.0', id: 1, result: '7331' };

describe('JSON-RPC over HTTP', () => {
  let servers: RpcServers;
  let url: string;
  let healthy: boolean;
  beforeEach(async () => {
    healthy = true;
    servers = await serve({ http: { port: 0 }, health: () => ({ healthy }) });
    url = servers.http ?? '';
  });
  /** The server still serves valid requests. */
  afterEach(async () => {
    expect(JSON.parse((await ask(url, { body: version })).body)).toEqual(versionAnswer);
    await servers.close();
  });

  test('RP-06 ND-11 it is bound to 127.0.0.1 and offers eth, net and web3, but nothing that has to be named', async () => {
    expect(new URL(url).hostname).toBe('127.0.0.1');
    const { body } = await ask(url, { body: call('rpc_modules') });
    expect(JSON.parse(body).result).toEqual({ rpc: '1.0', eth: '1.0', net: '1.0', web3: '1.0' });
    for (const method of ['admin_peers', 'engine_exchangeCapabilities', 'debug_getBadBlocks', 'testing_buildBlockV1']) {
      const { body } = await ask(url, { body: call(method) });
      expect([method, JSON.parse(body).error.code]).toEqual([method, -32601]);
    }
  });

  test('ND-11 a response is JSON, that to a notification is empty', async () => {
    const answered = await ask(url, { body: version });
    expect(answered).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json' },
    });
    expect(JSON.parse(answered.body)).toEqual(versionAnswer);
    const body = JSON.stringify({ jsonrpc: '2.0', method: 'net_version' });
    expect(await ask(url, { body })).toMatchObject({ status: 204, body: '' });
  });

  test('RP-01 GET without a body checks that the server runs', async () => {
    expect(await ask(url, { method: 'GET' })).toMatchObject({ status: 200, body: '' });
  });

  test('RP-01 a long response is compressed for a client that accepts it', async () => {
    const body = JSON.stringify(Array.from({ length: 100 }, (_, id) => JSON.parse(call('net_version', [], id))));
    const plain = await ask(url, { body });
    expect(plain.headers).not.toHaveProperty('content-encoding');
    const compressed = await ask(url, { body, headers: { 'accept-encoding': 'br, gzip;q=0.8' } });
    expect(compressed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(gunzipSync(Buffer.from(compressed.body, 'latin1')).toString()).toBe(plain.body);
    const short = await ask(url, { body: version, headers: { 'accept-encoding': 'gzip' } });
    expect(short.headers).not.toHaveProperty('content-encoding');
  });

  test.each([
    ['gzip', true],
    ['deflate, GZIP ; q=0.5', true],
    ['x-gzip', true],
    ['gzip;q=0', false],
    ['gzip; q=0.0', false],
    ['br, deflate', false],
    ['gzipped', false],
    [undefined, false],
  ])('RP-01 accept-encoding %s', (header, accepts) => {
    expect(acceptsGzip(header)).toBe(accepts);
  });

  test('ND-11 several requests on one connection', async () => {
    for (let i = 0; i < 3; i++) {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(url, { method: 'POST', headers, body: version });
      expect(await response.json()).toEqual(versionAnswer);
    }
  });

  test('HX-27 an accept error of the system is not fatal', async () => {
    let server: Server | undefined;
    const see = (message: unknown): void => {
      server = (message as { server: Server }).server;
    };
    subscribe('http.server.request.start', see);
    await ask(url, { body: version });
    unsubscribe('http.server.request.start', see);
    const refused = Object.assign(new Error('accept ENOMEM'), { code: 'ENOMEM' });
    expect(server?.emit('error', refused)).toBe(true);
  });

  test.each<[string, number, Parameters<typeof ask>[1]]>([
    ['another method', 405, { method: 'PUT', body: version }],
    ['GET with a query', 405, { method: 'GET', path: '/?a' }],
    ['DELETE of /health', 405, { method: 'DELETE', path: '/health' }],
    ['another path', 404, { path: '/rpc', body: version }],
    ['text', 415, { headers: { 'content-type': 'text/plain' }, body: version }],
    ['a form', 415, { headers: { 'content-type': 'multipart/form-data' }, body: version }],
    ['a compressed body', 415, { headers: { 'content-encoding': 'gzip' }, body: version }],
    ['invalid JSON', 400, { body: '{' }],
    ['a foreign host name', 403, { headers: { host: 'evil.example' }, body: version }],
    ['/health with a foreign host name', 403, { method: 'GET', path: '/health', headers: { host: 'a.b' } }],
  ])('ND-11 %s is refused with %i', async (_, status, request) => {
    expect((await ask(url, request)).status).toBe(status);
  });

  test.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json-rpc'])(
    'ND-11 %s is JSON',
    async (type) => {
      const headers = { 'content-type': type };
      expect(await ask(url, { headers, body: version })).toMatchObject({ status: 200 });
    },
  );

  test('HX-27 a page of another origin is refused, also without a preflight', async () => {
    const origin = 'https://evil.example';
    for (const request of [
      { headers: { origin }, body: version },
      { headers: { origin, 'content-type': 'text/plain' }, body: version },
      { headers: { origin: 'null' }, body: version },
      { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } },
      // DNS rebinding: a host name of the page that resolves to our address.
      { headers: { origin, host: 'evil.example:8545' }, body: version },
    ]) {
      const { status, headers, body } = await ask(url, request);
      expect(status).toBe(403);
      expect(headers).not.toHaveProperty('access-control-allow-origin');
      expect(body).not.toContain('7331');
    }
  });

  test('HX-27 an oversized body is refused by its length before it is sent', async () => {
    const { socket, answer } = open(url);
    socket.write(
      `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${5 * 1024 * 1024 + 1}\r\n\r\n`,
    );
    expect(parseAnswer(await answer).status).toBe(413);
  });

  test('HX-27 an oversized body is refused once it exceeds the limit', async () => {
    const { socket, answer } = open(url);
    socket.write(
      'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    let sent = 0;
    while (!socket.destroyed && sent < 200) {
      sent += 1;
      if (!socket.write(chunk)) await Promise.race([once(socket, 'drain').catch(() => {}), answer]);
    }
    expect(parseAnswer(await answer)).toMatchObject({
      status: 413,
      body: 'request too large, at most 5242880 bytes\n',
    });
  });

  test('HX-27 the total size of incomplete requests is bounded', async () => {
    const size = 5 * 1024 * 1024;
    const slow = Array.from({ length: 13 }, () => open(url));
    for (const { socket } of slow) {
      socket.write(
        `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${size}\r\n\r\n`,
      );
      socket.write(' '.repeat(size - 1));
    }
    const refused = await Promise.race(slow.map(({ answer }) => answer));
    expect(parseAnswer(refused)).toMatchObject({
      status: 503,
      body: 'too many requests at once\n',
    });
    for (const { socket } of slow) socket.destroy();
    // Their memory is available again.
    const body = `${' '.repeat(size - version.length)}${version}`;
    while ((await ask(url, { body })).status !== 200);
  });

  test('a body of the largest size is accepted', async () => {
    const body = `${' '.repeat(5 * 1024 * 1024 - version.length)}${version}`;
    expect(await ask(url, { body })).toMatchObject({ status: 200 });
  });

  test('HX-27 deep JSON and a batch of 10,000 are refused', async () => {
    const deep = await ask(url, { body: '['.repeat(5 * 1024 * 1024) });
    expect(deep.status).toBe(400);
    expect(JSON.parse(deep.body).error.code).toBe(-32700);
    const batch = `[${Array.from({ length: 10_000 }, () => version).join(',')}]`;
    const { status, body } = await ask(url, { body: batch });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject([{ error: { code: -32600, message: 'batch too large' } }]);
  });

  test('ND-12 health is 200 or 503, with the reasons', async () => {
    const get = { method: 'GET', path: '/health' };
    expect(await ask(url, get)).toMatchObject({ status: 200, body: '{"healthy":true}' });
    healthy = false;
    expect(await ask(url, get)).toMatchObject({ status: 503, body: '{"healthy":false}' });
  });
});

describe('pages of allowed origins', () => {
  test('ND-11 requests from an origin of corsOrigins are accepted', async () => {
    const origin = 'https://dapp.example';
    const servers = await serve({ http: { port: 0, corsOrigins: [origin] } });
    const url = servers.http ?? '';
    const preflight = await ask(url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    expect(preflight).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'POST, GET',
        'access-control-allow-headers': 'content-type',
        vary: 'Origin',
      },
    });
    const answered = await ask(url, { headers: { origin }, body: version });
    expect(answered).toMatchObject({
      status: 200,
      headers: { 'access-control-allow-origin': origin },
    });
    const other = await ask(url, { headers: { origin: 'https://evil.example' }, body: version });
    expect(other.status).toBe(403);
    await servers.close();
  });
});

describe('HX-27 slow callers', () => {
  let listener: HttpListener;
  afterEach(() => listener.close());

  async function listen(limits: Partial<typeof httpLimits>): Promise<string> {
    const onRequest = createHttpHandler({
      rpc: async (text) => ({ text, isJson: true }),
      virtualHosts: ['localhost'],
      corsOrigins: [],
      limits: { max: 1_000, maxTotal: 10_000 },
      health: () => ({ healthy: true }),
      clock: createVirtualClock(),
    });
    listener = await listenService({
      ...{ host: '127.0.0.1', port: 0, service: 'http', onRequest, log: silentLogs('rpc') },
      limits: { ...httpLimits, ...limits },
    });
    return listener.url;
  }
  const head = 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';

  test('HX-27 slow headers and bodies are refused with 408', async () => {
    const url = await listen({ headersTimeout: 100, requestTimeout: 200, checkInterval: 20 });
    const slow = [open(url), open(url), open(url)];
    slow[1]?.socket.write(head);
    slow[2]?.socket.write(`${head}content-length: 100\r\n\r\n{`);
    const [silent, ...others] = await Promise.all(slow.map(({ answer }) => answer));
    // A connection without a byte may be closed without a response.
    expect(silent === '' || silent?.includes(' 408 ')).toBe(true);
    for (const answer of others) expect(parseAnswer(answer).status).toBe(408);
  });

  test('HX-27 waiting connections do not block other callers', async () => {
    const url = await listen({ maxConnections: 20, maxWaiting: 10 });
    const slow = Array.from({ length: 40 }, () => open(url));
    for (const { socket } of slow) socket.write(head);
    const dropped = slow.slice(0, 10).map(({ answer }) => answer);
    expect(await Promise.all(dropped)).toEqual(dropped.map(() => ''));
    expect(await ask(url, { body: '[]' })).toMatchObject({ status: 200, body: '[]' });
    for (const { socket } of slow) socket.destroy();
  });

  test('HX-27 endless headers are refused', async () => {
    const url = await listen({});
    const { socket, answer } = open(url);
    socket.write(`${head}x: ${'x'.repeat(100_000)}`);
    expect(parseAnswer(await answer).status).toBe(431);
  });

  test('HX-27 garbage is refused', async () => {
    const url = await listen({});
    const { socket, answer } = open(url);
    socket.write('\x16\x03\x01\x02\x00\x01\x00\r\n\r\n');
    expect(parseAnswer(await answer).status).toBe(400);
  });
});

test('HX-21 the error of a port in use names the port', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  await expect(serve({ http: { port } })).rejects.toMatchObject({
    code: 'port-unavailable',
    message: `http port ${port} on 127.0.0.1 is in use by another program`,
  });
  await expect(serve({ http: { port: 0 }, ws: { port } })).rejects.toMatchObject({
    data: { service: 'ws', port, problem: 'in-use' },
  });
  other.close();
});

test('ND-11 admin on an address that other hosts can reach causes a warning', async () => {
  const warnings: string[] = [];
  const log = {
    ...silentLogs('rpc'),
    warn: (_: unknown, message: string) => warnings.push(message),
  };
  const http = { port: 0, host: '0.0.0.0' };
  await (await serve({ http, log })).close();
  await (await serve({ http: { port: 0, apis: ['admin'] }, log })).close();
  expect(warnings).toEqual([]);
  await (await serve({ http: { ...http, apis: ['admin'] }, log })).close();
  expect(warnings).toEqual(['admin methods are served on an address that other hosts can reach']);
});
