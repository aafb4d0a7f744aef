import { inspect } from 'node:util';
import { toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { expect, test } from 'vitest';
import { enodeFromEnr, formatEnode, parseEnode, signEnr } from '../src/index.ts';

const privateKey = new Uint8Array(32).fill(0xc0);
const id = nobleCrypto.secp256k1.publicKey(privateKey);
const url = formatEnode({ id, host: '192.0.2.1', tcp: 30303, udp: 30301 });
const enr = signEnr({ ip6: '2001:db8::1', udp6: 30303 }, privateKey);

test.each([
  ['a URL', parseEnode(url), { host: '192.0.2.1', tcp: 30303, udp: 30301 }],
  ['a record', enodeFromEnr(enr), { host: '2001:db8::1', tcp: 0, udp: 30303 }],
])('an enode of %s is shown with its id as hex', (_, enode, endpoint) => {
  expect(JSON.parse(JSON.stringify({ enode }))).toEqual({ enode: { id: toHex(id), ...endpoint } });
  const text = inspect(enode);
  expect(text).toMatch(/^Enode \{/);
  expect(text).toContain(toHex(id));
  expect(text.split('\n').length).toBeLessThan(7);
});

test('an enode is otherwise a plain object', () => {
  const enode = parseEnode(url);
  expect(Object.keys(enode)).toEqual(['id', 'host', 'tcp', 'udp']);
  expect(enode).toEqual({ id, host: '192.0.2.1', tcp: 30303, udp: 30301 });
  expect({ ...enode, udp: 1 }).toEqual({ id, host: '192.0.2.1', tcp: 30303, udp: 1 });
  expect(structuredClone(enode)).toEqual({ ...enode });
  expect(formatEnode(enode)).toBe(url);
});
