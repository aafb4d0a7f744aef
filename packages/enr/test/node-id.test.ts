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
