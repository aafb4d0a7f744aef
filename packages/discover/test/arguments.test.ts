import { expect, test } from 'vitest';
import { createMemoryStore, createNodeIterator, createUdpEndpoint, openLocalNode, resolveNode } from '../src/index.ts';
import { bindUdp } from '../src/udp.ts';
import { cheapCrypto as crypto } from './cheap-crypto.ts';
import { storeSuite } from './store-suite.ts';

// biome-ignore lint/suspicious/noExplicitAny: the compiler refuses the values that are tested here
const any = (value: unknown): any => value;
const privateKey = new Uint8Array(32).fill(1);

test.each<[string, () => unknown, string]>([
  [
    'a local node without a key',
    () => openLocalNode(any({ store: createMemoryStore() })),
    'privateKey is undefined, expected a Uint8Array of 32 bytes',
  ],
  [
    'an unknown option of a local node',
    () => openLocalNode(any({ privateKey, content: {} })),
    'openLocalNode has no option "content"',
  ],
  [
    'an address without a port',
    () => openLocalNode({ privateKey, localAddress: any({ host: '1.1.1.1' }) }),
    'localAddress.port is undefined, expected an integer from 0 to 65535',
  ],
  ['a number for a list of sources', () => createNodeIterator(any(5)), 'sources is 5, expected an array of'],
  [
    'a source that is not iterable',
    () => createNodeIterator(any([[1]])),
    'sources[0] is an array of 1, expected an async iterable',
  ],
  ['an endpoint without a socket', () => createUdpEndpoint(any({})), 'socket is an object, expected a UdpSocket'],
  ['a port of -1', () => bindUdp({ port: -1 }), 'port is -1, expected an integer from 0 to 65535'],
  ['a node of no type', () => resolveNode(any(5), { crypto }), 'node is 5, expected an enode:// URL'],
])('%s is refused, and the message names it', async (_, call, message) => {
  const refused = async () => call();
  await expect(refused()).rejects.toMatchObject({
    name: 'DiscoverError',
    code: 'invalid-option',
    message: expect.stringContaining(message),
  });
});

storeSuite(async () => createMemoryStore());
