import { once } from 'node:events';
import { httpLimits } from '@devp2p/appkit/http';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { nobleCrypto } from '@devp2p/crypto';
import { formatEnode } from '@devp2p/enr';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { silentLogs } from '../../src/logging/log.ts';
import type { RpcServers } from '../../src/rpc/servers.ts';
import { listenService } from '../../src/rpc/transport/listen-service.ts';
import { createWebSocketHandler, webSocketLimits } from '../../src/rpc/transport/websocket.ts';
import { ask, call, dial, fakeControl, open, parseAnswer, serve } from './servers.ts';

const upgrade = (origin?: string) => ({
  method: 'GET',
  headers: {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    ...(origin !== undefined && { origin }),
  },
});

describe('JSON-RPC over WebSocket', () => {
  let servers: RpcServers;
  let url: string;
  let node: ReturnType<typeof fakeControl>;
  beforeEach(async () => {
    node = fakeControl();
    servers = await serve({
      ws: { port: 0, apis: ['admin', 'net', 'web3'] },
      control: node.control,
    });
    url = servers.ws ?? '';
  });
  afterEach(async () => {
    const { socket, next } = await dial(url);
    socket.send(call('net_version'));
    expect(await next()).toEqual({ jsonrpc: '2.0', id: 1, result: '7331' });
    socket.terminate();
    await servers.close();
  });

  test('ND-11 calls and batches are answered', async () => {
    const { socket, next } = await dial(url);
    socket.send(call('web3_clientVersion'));
    expect(await next()).toEqual({ jsonrpc: '2.0', id: 1, result: 'fake/1.0' });
    socket.send(`[${call('net_version', [], 'a')},${call('net_listening', [], 'b')}]`);
    expect(await next()).toEqual([
      { jsonrpc: '2.0', id: 'a', result: '7331' },
      { jsonrpc: '2.0', id: 'b', result: true },
    ]);
    socket.terminate();
  });

  test('RP-33 ten thousand subscriptions of one connection are refused beyond the limit', async () => {
    const { socket, next } = await dial(url);
    const counts = { accepted: 0, refused: 0 };
    for (let batch = 0; batch < 10; batch++) {
      const calls = Array.from({ length: 1_000 }, (_, id) => call('admin_subscribe', ['peerEvents'], id));
      socket.send(`[${calls.join(',')}]`);
      for (const answer of (await next()) as { result?: string; error?: { code: number } }[]) {
        if (answer.result !== undefined) counts.accepted += 1;
        else if (answer.error?.code === -32000) counts.refused += 1;
      }
    }
    expect(counts).toEqual({
      accepted: webSocketLimits.maxSubscriptions,
      refused: 10_000 - webSocketLimits.maxSubscriptions,
    });
    expect(node.listeners.size).toBe(webSocketLimits.maxSubscriptions);
    socket.terminate();
  });

  test('ND-11 peerEvents have the names of go-ethereum, and start after the response', async () => {
    const { socket, next } = await dial(url);
    socket.send(call('admin_subscribe', ['peerEvents']));
    const { result: subscription } = (await next()) as { result: string };
    expect(subscription).toMatch(/^0x[0-9a-f]{32}$/);
    const add = { type: 'add', peer: '12', local: 'a:1', remote: 'b:2' } as const;
    node.emit(add);
    expect(await next()).toEqual({
      jsonrpc: '2.0',
      method: 'admin_subscription',
      params: { subscription, result: add },
    });
    socket.send(call('admin_unsubscribe', [subscription]));
    expect(await next()).toMatchObject({ result: true });
    expect(node.listeners.size).toBe(0);
    socket.terminate();
  });

  test('ND-11 subscriptions end with the connection', async () => {
    const { socket, next } = await dial(url);
    socket.send(call('admin_subscribe', ['peerEvents']));
    await next();
    socket.send(call('net_version'));
    await next();
    expect(node.listeners.size).toBe(1);
    socket.terminate();
    while (node.listeners.size > 0) await new Promise(setImmediate);
  });

  test('HX-27 a caller that disconnects in the middle of a batch leaves no subscription', async () => {
    let go = (): void => {};
    const removed = new Promise<void>((resolve) => {
      node.control.removePeer = () => {
        resolve();
        return new Promise((answer) => (go = answer));
      };
    });
    const { socket } = await dial(url);
    const id = nobleCrypto.secp256k1.publicKey(new Uint8Array(32).fill(2));
    const enode = formatEnode({ id, host: '127.0.0.1', tcp: 1, udp: 1 });
    socket.send(`[${call('admin_removePeer', [enode])},${call('admin_subscribe', ['peerEvents'])}]`);
    await removed;
    socket.terminate();
    // A new connection is accepted once the server has noticed.
    const next = await dial(url);
    next.socket.send(call('net_version'));
    await next.next();
    go();
    next.socket.send(call('net_version'));
    await next.next();
    expect(node.listeners.size).toBe(0);
    next.socket.terminate();
  });

  test('HX-27 a page of another origin is refused with 403, a program without an origin is not', async () => {
    for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example']) {
      expect((await ask(url, upgrade(origin))).status).toBe(403);
    }
    expect((await ask(url, { ...upgrade(), path: '/other' })).status).toBe(404);
    (await dial(url, { origin: 'http://localhost:3000' })).socket.terminate();
  });

  test('HX-27 an oversized message closes its connection with 1009', async () => {
    const { socket, closed } = await dial(url);
    socket.send(' '.repeat(5 * 1024 * 1024 + 1));
    expect(await closed).toBe(1009);
  });

  test('HX-27 deep JSON and a batch of 10,000 are refused', async () => {
    const { socket, next } = await dial(url);
    socket.send('['.repeat(1_000_000));
    expect(await next()).toMatchObject({ error: { code: -32700 } });
    socket.send(`[${Array.from({ length: 10_000 }, () => call('net_version')).join(',')}]`);
    expect(await next()).toMatchObject([{ error: { code: -32600 } }]);
    socket.terminate();
  });

  test('HX-27 invalid frames close their connection', async () => {
    const { socket, answer } = open(url);
    const { headers } = upgrade();
    const lines = Object.entries({ host: 'localhost', ...headers }).map(([k, v]) => `${k}: ${v}\r\n`);
    socket.write(`GET / HTTP/1.1\r\n${lines.join('')}\r\n`);
    await once(socket, 'data');
    socket.write(Buffer.alloc(1_000, 0xff));
    expect(parseAnswer(await answer).status).toBe(101);
  });

  test('ND-11 a request without an upgrade gets 426', async () => {
    expect(await ask(url.replace('ws', 'http'), { body: call('net_version') })).toMatchObject({
      status: 426,
    });
  });
});

test('ND-11 one port serves HTTP and WebSocket, each with its own methods', async () => {
  const free = await serve({ http: { port: 0 } });
  const port = Number(new URL(free.http ?? '').port);
  await free.close();
  const servers = await serve({ http: { port }, ws: { port, apis: ['admin'] } });
  expect(servers.ws).toBe(`ws://127.0.0.1:${port}`);
  const { body } = await ask(servers.http ?? '', { body: call('rpc_modules') });
  expect(JSON.parse(body).result).toEqual({ rpc: '1.0', eth: '1.0', net: '1.0', web3: '1.0' });
  const { socket, closed, next } = await dial(servers.ws ?? '');
  socket.send(call('rpc_modules'));
  expect(await next()).toMatchObject({ result: { rpc: '1.0', admin: '1.0' } });
  await servers.close();
  expect(await closed).toBe(1001);
});

describe('limits of WebSocket callers', () => {
  async function listen(
    limits: Partial<typeof webSocketLimits>,
    rpc: Parameters<typeof createWebSocketHandler>[0]['rpc'],
    clock = createVirtualClock(),
  ) {
    const handler = createWebSocketHandler({
      ...{ rpc, origins: [], clock, random: (length: number) => new Uint8Array(length) },
      limits: { ...webSocketLimits, ...limits },
    });
    const listener = await listenService({
      ...{ host: '127.0.0.1', port: 0, service: 'ws', limits: httpLimits, log: silentLogs('rpc') },
      onRequest: (_, response) => response.end(),
      onUpgrade: handler.upgrade,
    });
    const close = async (): Promise<void> => {
      handler.close();
      await listener.close();
    };
    return { url: listener.url.replace('http', 'ws'), handler, close };
  }

  test('HX-27 connections are limited in number, and a closed one is replaced by the next', async () => {
    const { url, close } = await listen({ maxConnections: 2 }, async () => ({
      text: '1',
      isJson: true,
    }));
    const [first, second] = [await dial(url), await dial(url)];
    expect((await ask(url, upgrade())).status).toBe(503);
    first.socket.terminate();
    await first.closed;
    let third: Awaited<ReturnType<typeof dial>> | undefined;
    while (third === undefined) third = await dial(url).catch(() => undefined);
    for (const { socket } of [second, third]) socket.terminate();
    await close();
  });

  test('ND-11 no connection is accepted once it is closing', async () => {
    const { url, handler, close } = await listen({}, async () => ({ text: '1', isJson: true }));
    handler.close();
    expect((await ask(url, upgrade())).status).toBe(503);
    await close();
  });

  test('HX-27 no more requests are read from a caller that sends faster than they are answered', async () => {
    let asked = 0;
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { url, close } = await listen({ maxConcurrent: 4 }, async () => {
      asked += 1;
      await released;
      return { text: '1', isJson: true };
    });
    const { socket, next } = await dial(url);
    // Each message is so large that it is a separate read.
    for (let i = 0; i < 30; i++) socket.send('x'.repeat(500_000));
    while (asked < 4) await new Promise(setImmediate);
    for (let i = 0; i < 200; i++) await new Promise(setImmediate);
    expect(asked).toBeLessThan(10);
    release();
    for (let i = 0; i < 30; i++) expect(await next()).toBe(1);
    socket.terminate();
    await close();
  });

  test('HX-27 a caller that does not read its events is disconnected', async () => {
    let notify = (_: unknown): void => {};
    const { url, close } = await listen({ maxUnread: 100_000 }, async (_, subscriptions) => {
      const id = subscriptions?.add('test', (listener) => {
        notify = listener;
        return () => {
          notify = () => {};
        };
      });
      return { text: JSON.stringify(id), isJson: true };
    });
    const { socket, closed, next } = await dial(url);
    socket.send('');
    await next();
    socket.pause();
    const before = notify;
    while (notify === before) {
      notify('x'.repeat(100_000));
      await new Promise(setImmediate);
    }
    socket.resume();
    expect(await closed).toBe(1006);
    await close();
  });

  test('HX-27 a caller that does not answer a ping is disconnected', async () => {
    const clock = createVirtualClock();
    const { url, close } = await listen({}, async () => ({ text: '1', isJson: true }), clock);
    const answers = await dial(url);
    const silent = await dial(url, { autoPong: false });
    const pinged = Promise.all([once(answers.socket, 'ping'), once(silent.socket, 'ping')]);
    await clock.advance(30_000);
    await pinged;
    // The pong arrives before this response.
    answers.socket.send('');
    await answers.next();
    await clock.advance(30_000);
    expect(await silent.closed).toBe(1006);
    expect(answers.socket.readyState).toBe(WebSocket.OPEN);
    answers.socket.terminate();
    await close();
    await answers.closed;
  });
});
