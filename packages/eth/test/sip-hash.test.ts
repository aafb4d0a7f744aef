import { toHex } from '@devp2p/bytes';
import { describe, expect, test } from 'vitest';
import { SipState } from '../src/gossip/transactions/sip-hash.ts';

const key = Uint8Array.from({ length: 16 }, (_, i) => i);
/** Results of the reference implementation (`vectors_sip64`), little-endian, for messages 00, 00 01, … of 0 to 15 bytes. */
const vectors = [
  '310e0edd47db6f72',
  'fd67dc93c539f874',
  '5a4fa9d909806c0d',
  '2d7efbd796666785',
  'b7877127e09427cf',
  '8da699cd64557618',
  'cee3fe586e46c9cb',
  '37d1018bf50002ab',
  '6224939a79f5f593',
  'b0e4a90bdf82009e',
  'f3b9dd94c5bb5d7a',
  'a7ad6b22462fb3f4',
  'fbe50e86bc8f1e75',
  '903d84c02756ea14',
  'eef27a8e90ca23f7',
  'e545be4961ca29a1',
];

function hash(prefix: Uint8Array, end: Uint8Array): string {
  const [high, low] = SipState.of(key, prefix).finish(end);
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setUint32(0, low, true);
  bytes.setUint32(4, high, true);
  return toHex(new Uint8Array(bytes.buffer));
}

describe('SipHash-2-4', () => {
  test.each(vectors.map((vector, length) => ({ vector, length })))(
    'TP-29 the published vector of $length bytes',
    ({ vector, length }) => {
      const message = Uint8Array.from({ length }, (_, i) => i);
      for (let at = 0; at <= length; at += 8) {
        expect(hash(message.subarray(0, at), message.subarray(at))).toBe(vector);
      }
    },
  );

  test('TP-29 a prefix is a multiple of 8 bytes, and a key has 16', () => {
    expect(() => SipState.of(key, new Uint8Array(9))).toThrow(RangeError);
    expect(() => SipState.of(new Uint8Array(15), new Uint8Array(8))).toThrow(RangeError);
  });
});
