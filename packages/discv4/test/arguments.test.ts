import { openLocalNode } from '@devp2p/discover';
import { afterEach, expect, test } from 'vitest';
import { createDiscv4, type Discv4, decodePacket, encodePacket } from '../src/index.ts';
import { listen } from '../src/udp.ts';
import { enodeOf, quiet, World } from './world.ts';

let world = new World();
afterEach(async () => {
  await world.close();
  world = new World();
});

/** Bypasses the compiler, as a program without types does. */
// biome-ignore lint/suspicious/noExplicitAny: the compiler refuses the values that are tested here
const any = (value: unknown): any => value;
const key = new Uint8Array(32).fill(1);
const node = { id: new Uint8Array(64).fill(1), host: '127.0.0.1', udp: 42_111 };

test.each<[string, object, string, string]>([
  [
    'an id of 3 bytes',
    { ...node, id: new Uint8Array(3) },
    'invalid-option',
    'node.id is a Uint8Array of 3 bytes, expected a Uint8Array of 64 bytes',
  ],
  ['an undefined host', { ...node, host: undefined }, 'invalid-option', 'node.host is undefined, expected'],
  ['a host name', { ...node, host: 'here' }, 'no-endpoint', 'node.host is "here", expected an IP'],
  [
    'an undefined port',
    { ...node, udp: undefined },
    'no-endpoint',
    'node.udp is undefined, expected an integer from 1 to 65535',
  ],
  ['port 0', { ...node, udp: 0 }, 'no-endpoint', 'node.udp is 0, expected an integer from 1'],
  [
    'a TCP port as text',
    { ...node, tcp: '30303' },
    'no-endpoint',
    'node.tcp is "30303", expected an integer from 0 to 65535',
  ],
])('a node with %s is refused, and the message names the field', async (_, wrong, code, text) => {
  const asking = await world.node(quiet);
  await expect(asking.ping(any(wrong))).rejects.toMatchObject({
    name: 'Discv4Error',
    code,
    message: expect.stringContaining(text),
  });
});

test('unknown and wrong options are refused by each call that waits', async () => {
  const [asking, other] = [await world.node(quiet), await world.node(quiet)];
  const target = new Uint8Array(64);
  const calls: Record<string, (options: unknown) => unknown> = {
    ping: (options) => asking.ping(enodeOf(other), any(options)),
    findNode: (options) => asking.findNode(enodeOf(other), target, any(options)),
    requestEnr: (options) => asking.requestEnr(enodeOf(other), any(options)),
    resolve: (options) => asking.resolve(enodeOf(other), any(options)),
    lookup: (options) => asking.lookup(target, any(options)),
    randomNodes: (options) => asking.randomNodes(any(options)),
  };
  for (const [name, call] of Object.entries(calls)) {
    for (const [options, message] of [
      [5000, `the options argument of ${name} is 5000, expected an object`],
      [null, `the options argument of ${name} is null, expected an object`],
      [{ signal: 5000 }, 'signal is 5000, expected an AbortSignal'],
      [{ timeout: 5 }, `${name} has no option "timeout", known options: signal`],
    ]) {
      const refused = async () => call(options);
      await expect(refused()).rejects.toMatchObject({ code: 'invalid-option', message });
    }
  }
});

test.each<[string, (running: Discv4) => unknown, string]>([
  [
    'an external endpoint without an address',
    (running) => running.setExternalEndpoint(any({})),
    'endpoint.ip is undefined, expected a string',
  ],
  [
    'an address instead of an endpoint',
    (running) => running.setExternalEndpoint(any('192.0.2.1')),
    'endpoint is "192.0.2.1", expected an object',
  ],
  ['text instead of a packet', () => decodePacket(any('ping')), 'datagram is "ping", expected a'],
  ['a packet without a type', () => encodePacket(any({}), key), 'packet.type is undefined, expected "ping" or "pong"'],
  [
    'an undefined socket',
    () => createDiscv4(any(undefined), { privateKey: key }),
    'socket is undefined, expected a UdpSocket, such as bindUdp returns',
  ],
  [
    'a socket without an address',
    () => createDiscv4(any({ send() {}, onMessage() {}, close() {} }), { privateKey: key }),
    'socket.localAddress is undefined, expected an object',
  ],
  [
    'a setting of the record beside a shared local node',
    async () => {
      const localNode = await openLocalNode({ privateKey: key, crypto: world.crypto });
      const socket = world.network.bind('9.9.9.9');
      return createDiscv4(socket, { privateKey: key, localNode, tcpPort: 1 });
    },
    'tcpPort is 1, expected an option of the shared localNode',
  ],
  [
    'a shared local node of another key',
    async () => {
      const localNode = await openLocalNode({ privateKey: new Uint8Array(32).fill(7), crypto: world.crypto });
      return createDiscv4(world.network.bind('9.9.9.8'), { privateKey: key, localNode, crypto: world.crypto });
    },
    'localNode is an object, expected the local node of privateKey',
  ],
  [
    'an object that is not a socket',
    () => listen({ privateKey: key, socket: any({}) }),
    'socket is an object, expected a UdpSocket',
  ],
])('%s is refused by name', async (_, call, text) => {
  const running = await world.node(quiet);
  const refused = async () => call(running);
  await expect(refused()).rejects.toMatchObject({
    name: 'Discv4Error',
    code: 'invalid-option',
    message: expect.stringContaining(text),
  });
});

test('the message of listen-failed ends with the system error', async () => {
  await expect(listen({ privateKey: key, host: '203.0.113.1', port: 0 })).rejects.toMatchObject({
    code: 'listen-failed',
    message: expect.stringMatching(/^cannot bind UDP port 0 of 203\.0\.113\.1: .*EADDRNOTAVAIL/),
  });
});
