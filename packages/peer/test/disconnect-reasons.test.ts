import { fromHex, toHex } from '@devp2p/bytes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type DisconnectReason,
  decodeDisconnect,
  disconnectReasons,
  encodeDisconnect,
} from '../src/wire/disconnect-reasons.ts';
import { rlp } from './raw.ts';

const numbers = [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x10];
const reasons = Object.keys(disconnectReasons) as DisconnectReason[];

/** Snappy block of a few bytes, the same from every compressor: length, tag of one literal, the bytes. */
function snappy(data: Uint8Array): Uint8Array {
  return Uint8Array.of(data.length, (data.length - 1) << 2, ...data);
}

test('PE-04 the reasons are those of the specification', () => {
  expect(Object.values(disconnectReasons)).toEqual(numbers);
});

test.each(reasons)('PE-04 %s is sent as a list and read in every form', (reason) => {
  const number = disconnectReasons[reason];
  expect(toHex(encodeDisconnect(reason))).toBe(toHex(rlp([number])));
  const forms = [
    rlp([number]),
    rlp(number),
    rlp([number, 'more', [1]]),
    Uint8Array.of(number), // not canonical for 0, but some clients send it
  ];
  for (const form of forms) {
    expect(decodeDisconnect(form)).toBe(reason);
    expect(decodeDisconnect(snappy(form))).toBe(reason);
  }
});

test('PE-04 an empty payload means requested', () => {
  for (const form of ['', 'c0', '80', '00']) expect(decodeDisconnect(fromHex(form))).toBe('requested');
});

test('PE-04 an unknown reason and a malformed payload are undefined', () => {
  for (const form of ['0c', 'c10f', 'c111', '81ff', 'c3820100', 'c1', 'c104c104', 'f8', 'c1c104', '0404']) {
    expect(decodeDisconnect(fromHex(form)), form).toBeUndefined();
  }
});

test('PE-04 no input makes the decoder throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (payload) => {
      const reason = decodeDisconnect(payload);
      expect(reason === undefined || reasons.includes(reason)).toBe(true);
    }),
    { numRuns: 5000 },
  );
});
