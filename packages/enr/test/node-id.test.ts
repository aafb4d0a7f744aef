import { fromHex, toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { expect, test } from 'vitest';
import { isOnCurve, nodeIdHash } from '../src/index.ts';
import vector from './vectors/eip-778.json' with { type: 'json' };

const id = nobleCrypto.secp256k1.publicKey(fromHex(vector.private_key));

test('D4-17 the node id of the published record is the hash of its key', () => {
  expect(toHex(nodeIdHash(id))).toBe(vector.node_id);
});

test('isOnCurve checks for a point of the curve', () => {
  expect(isOnCurve(id)).toBe(true);
  expect(isOnCurve(id.map((byte, i) => (i === 63 ? byte ^ 1 : byte)))).toBe(false);
  expect(isOnCurve(new Uint8Array(64))).toBe(false);
  expect(isOnCurve(id.subarray(1))).toBe(false);
});

test.each<[string, unknown, string]>([
  [
    'a misspelt option',
    { Crypto: nobleCrypto },
    'nodeIdHash has no option "Crypto" (did you mean "crypto"?), known options: crypto',
  ],
  ['no functions', { crypto: {} }, 'crypto is an object, expected an object with the method keccak256'],
  ['a string', 'fast', 'the options argument of nodeIdHash is "fast", expected an object'],
  ['null', null, 'the options argument of nodeIdHash is null, expected an object'],
])('nodeIdHash refuses %s', (_, options, message) => {
  expect(() => nodeIdHash(id, options as object)).toThrow(
    expect.objectContaining({ name: 'EnodeError', code: 'invalid-option', message }),
  );
});
