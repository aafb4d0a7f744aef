import { once } from 'node:events';
import { createServer, connect as rawConnect, type Socket } from 'node:net';
import type { Clock } from '@devp2p/clock';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { formatEnode } from '@devp2p/enr';
import { afterEach, describe, expect, test } from 'vitest';
import type { RlpxOptions, RlpxStream } from '../src/index.ts';
import { connect, type Listener, type ListenOptions, listen } from '../src/tcp.ts';
import { newKey } from './raw.ts';
import { failure, idA, idB, keyA, keyB } from './transports.ts';

const host = '127.0.0.1';
const opened: AsyncDisposable[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((resource) => resource[Symbol.asyncDispose]()));
});

interface Server extends Listener {
  readonly node: { id: Uint8Array; host: string; tcp: number; udp: number };
  next(): Promise<RlpxStream>;
}

async function serve(options: Partial<ListenOptions> = {}): Promise<Server> {
  const streams: RlpxStream[] = [];
  let wanted: ((stream: RlpxStream) => void) | undefined;
  const listener = await listen({
    privateKey: keyB,
    crypto,
    host,
    port: 0,
    onStream(stream) {
      opened.push(stream);
      if (wanted) wanted(stream);
      else streams.push(stream);
      wanted = undefined;
    },
    ...options,
  });
  opened.push(listener);
  const next = async (): Promise<RlpxStream> => streams.shift() ?? new Promise((resolve) => (wanted = resolve));
  const node = { id: idB, host, tcp: listener.address.port, udp: 0 };
  return { ...listener, node, next };
}

async function dial(
  { node }: Server,
  options: Partial<RlpxOptions> = {},
  id: Uint8Array = node.id,
): Promise<RlpxStream> {
  const stream = await connect({ ...node, id }, { privateKey: keyA, crypto, ...options });
  opened.push(stream);
  return stream;
}

async function silent({ node }: Server): Promise<Socket> {
  const socket = rawConnect(node.tcp, host);
  socket.on('error', () => {});
  opened.push({
    async [Symbol.asyncDispose]() {
      socket.destroy();
    },
  });
  await once(socket, 'connect');
  return socket;
}

describe('over TCP', () => {
  test('RX-14 a dialed and an accepted stream have both ids and addresses', async () => {
    const server = await serve();
    const [a, b] = [await dial(server), await server.next()];
    expect([a.remoteId, a.inbound, b.remoteId, b.inbound]).toEqual([idB, false, idA, true]);
    expect(a.remoteAddress).toEqual({ host, port: server.address.port });
    expect(b.localAddress).toEqual(a.remoteAddress);
    expect(b.remoteAddress).toEqual(a.localAddress);
    for (const side of [a, b]) side.enableCompression();
    const large = new Uint8Array(3_000_000).fill(1);
    void a.write(1, large);
    void b.write(2, large);
    expect((await b.read())?.payload).toHaveLength(large.length);
    expect((await a.read())?.payload).toHaveLength(large.length);
    void a.close();
    expect(await b.read()).toBeUndefined();
    await Promise.all([a.closed, b.closed]);
  });

  test('an enode URL is dialed, with an IP address or a host name', async () => {
    const server = await serve();
    const url = formatEnode(server.node);
    for (const enode of [url, url.replace(host, 'localhost')]) {
      const stream = await connect(enode, { privateKey: keyA, crypto });
      opened.push(stream);
      expect(stream.remoteId).toEqual(idB);
    }
  });

  test('an IPv4 remote has an IPv4 address on a dual-stack listener', async () => {
    const server = await serve({ host: '::' });
    await dial(server);
    expect((await server.next()).remoteAddress?.host).toBe(host);
  });

  test('RX-11 dialing a node with another id fails on both sides', async () => {
    const server = await serve();
    const wrong = crypto.secp256k1.publicKey(newKey());
    expect(['truncated', 'connection-reset']).toContain(await failure(dial(server, {}, wrong)));
    const error = await dial(server, {}, wrong).catch((reason: unknown) => reason);
    const id = Buffer.from(wrong).toString('hex').slice(0, 16);
    expect((error as Error).message).toMatch(
      new RegExp(`: most often its node id is not the dialed one, ${id}…; check the id`),
    );
  });

  test('a host that refuses on every address is connect-failed, with the cause in the message', async () => {
    const server = await serve({ host: '::1' });
    await server.close();
    const node = { id: idB, host: 'localhost', tcp: server.address.port };
    await expect(connect(node, { privateKey: keyA, crypto })).rejects.toMatchObject({
      code: 'connect-failed',
      message: expect.stringMatching(/^cannot connect to localhost:\d+: .*ECONNREFUSED/),
    });
  });

  test('RX-13 a Disconnect is read although the socket is closed right after it', async () => {
    const server = await serve();
    const [a, b] = [await dial(server), await server.next()];
    // Unread bytes in a's socket make the system reset the connection.
    for (let i = 0; i < 100; i++) void b.write(9, new Uint8Array(10_000));
    await a.write(1, Uint8Array.of(0xc1, 0x04));
    void a.close();
    expect(await b.read()).toMatchObject({ code: 1 });
    expect(await b.read()).toBeUndefined();
  });

  test('RX-13 messages before the end are read, although the end arrived while the socket was paused', async () => {
    const server = await serve({ readAhead: 1000 });
    const [a, b] = [await dial(server), await server.next()];
    for (let i = 0; i < 40; i++) void a.write(i, new Uint8Array(1000));
    void a.close();
    await b.closed;
    for (let i = 0; i < 40; i++) expect((await b.read())?.code).toBe(i);
    expect(await b.read()).toBeUndefined();
  });

  test('RX-13 an abort ends dialing, during the connection or the handshake', async () => {
    const mute = createServer();
    mute.listen(0, host);
    await once(mute, 'listening');
    const { port } = mute.address() as { port: number };
    const accepted = once(mute, 'connection') as Promise<[Socket]>;
    const node = { id: idB, host, tcp: port };
    const early = new AbortController();
    const connecting = connect(node, { privateKey: keyA, crypto, signal: early.signal });
    early.abort('early');
    await expect(connecting).rejects.toBe('early');
    await expect(connect(node, { privateKey: keyA, signal: early.signal })).rejects.toBe('early');
    const late = new AbortController();
    const shaking = connect(node, { privateKey: keyA, crypto, signal: late.signal });
    const [socket] = await accepted;
    socket.resume();
    late.abort('late');
    await expect(shaking).rejects.toBe('late');
    if (!socket.closed) await once(socket, 'close');
    mute.close();
  });

  test('RX-13 an abort in the turn in which the system refuses counts as an abort', async () => {
    const controller = new AbortController();
    // From an immediate, after which the callbacks of the socket run before those of promises.
    const connecting = new Promise<RlpxStream>((resolve) => {
      setImmediate(() => {
        const broadcast = { id: idB, host: '255.255.255.255', tcp: 9 };
        resolve(connect(broadcast, { privateKey: keyA, crypto, signal: controller.signal }));
        controller.abort('enough');
      });
    });
    await expect(connecting).rejects.toBe('enough');
  });

  test('RX-05 invalid options open no socket', async () => {
    let came = 0;
    const server = await serve({ accept: () => ++came > 0 });
    expect(await failure(dial(server, { readTimeout: 0 }))).toBe('invalid-option');
    const privateKey = new Uint8Array(32);
    expect(await failure(dial(server, { privateKey }))).toBe('invalid-private-key');
    await dial(server);
    expect(came).toBe(1);
  });

  test('a closed port is connect-failed, with the system error as cause', async () => {
    const server = await serve();
    await server.close();
    const error = await dial(server).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'connect-failed', cause: { code: 'ECONNREFUSED' } });
    const { port } = server.address;
    const where = `${host}:${port}`;
    expect((error as Error).message).toBe(`cannot connect to ${where}: connect ECONNREFUSED ${where}`);
  });

  test('a socket that does not open in time is connect-timeout', async () => {
    const server = await serve();
    const hasty: Clock = {
      now: () => 0,
      monotonic: () => 0,
      setTimeout(callback) {
        queueMicrotask(callback);
        return { cancel() {} };
      },
    };
    expect(await failure(dial(server, { clock: hasty }))).toBe('connect-timeout');
  });
});

describe('a listener', () => {
  test('HX-21 rejects with the cause when the port is in use', async () => {
    const { address } = await serve();
    const error = await serve({ port: address.port }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'listen-failed', cause: { code: 'EADDRINUSE' } });
    expect((error as Error).message).toMatch(/^cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/);
  });

  test('calls accept before a byte is read', async () => {
    const asked: unknown[] = [];
    const server = await serve({
      accept(remote) {
        asked.push(remote);
        return false;
      },
    });
    expect(['truncated', 'connection-reset']).toContain(await failure(dial(server)));
    expect(asked).toEqual([{ host, port: expect.any(Number) }]);
  });

  test('an Admission gets the stream and the failure of its socket', async () => {
    const stop = new AbortController();
    const outcomes: [port: number, outcome: unknown][] = [];
    let admitted = (): void => {};
    const server = await serve({
      accept: ({ port }) => {
        admitted();
        return {
          signal: stop.signal,
          onStream(stream) {
            opened.push(stream);
            outcomes.push([port, stream.remoteId]);
          },
          onFailure: (error) => outcomes.push([port, error]),
        };
      },
    });
    const stream = await dial(server);
    expect(outcomes).toEqual([[stream.localAddress?.port, idA]]);
    const coming = new Promise<void>((resolve) => {
      admitted = resolve;
    });
    const socket = await silent(server);
    const { localPort } = socket;
    await coming;
    const gone = once(socket, 'close');
    const why = new Error('no room');
    stop.abort(why);
    await gone;
    expect(outcomes).toContainEqual([localPort, why]);
  });

  test('RX-05 silent sockets are replaced, and an honest node is accepted', async () => {
    const server = await serve({ maxHandshakes: 10 });
    const sockets = [];
    for (let i = 0; i < 60; i++) sockets.push(await silent(server));
    const first = sockets[0] as Socket;
    if (!first.closed) await once(first.resume(), 'close');
    const [a, b] = [await dial(server), await server.next()];
    expect([a.remoteId, b.remoteId]).toEqual([idB, idA]);
  });

  test('close frees the port and ends unfinished handshakes; streams stay open', async () => {
    const server = await serve();
    const [a, b] = [await dial(server), await server.next()];
    const pending = await silent(server);
    pending.resume();
    const gone = once(pending, 'close');
    await server.close();
    await server.close();
    await gone;
    const again = await serve({ port: server.address.port });
    expect(again.address.port).toBe(server.address.port);
    void a.write(5, new Uint8Array(3));
    expect(await b.read()).toMatchObject({ code: 5 });
  });
});
