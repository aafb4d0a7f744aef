import { toHex } from '@devp2p/bytes';
import { RlpError } from '@devp2p/rlp';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeHello, encodeHello } from '../src/wire/hello.ts';
import { hello, type Item, localKey, remoteKey, rlp } from './raw.ts';

test('PE-01 Hello is [version, client id, [[name, version], …], listen port, key] on the wire', () => {
  const payload = encodeHello({
    version: 5,
    clientId: 'example/1.0',
    capabilities: [
      { name: 'eth', version: 68 },
      { name: 'eth', version: 69 },
    ],
    listenPort: 30303,
    id: localKey,
  });
  expect(toHex(payload)).toBe(
    `f85f05${'8b6578616d706c652f312e30'}${'ccc58365746844c58365746845'}${'82765f'}b840${'01'.repeat(64)}`,
  );
});

test('PE-01 extra items of Hello and of a capability are ignored', () => {
  const decoded = decodeHello(rlp([5, 'x', [['eth', 69, 'more', [1, 2]]], 30303, remoteKey, 'extra', [[]], 7]));
  expect(decoded).toEqual({
    version: 5,
    clientId: 'x',
    capabilities: [{ name: 'eth', version: 69 }],
    listenPort: 30303,
    id: remoteKey,
  });
});

test('PE-03 invalid capability names are left out', () => {
  const caps: Item = [
    ['', 1],
    ['ninechars', 1],
    ['zwsp\u200b', 1],
    [Uint8Array.of(0xff), 1],
    ['with spc', 1],
    ['8letters', 3],
  ];
  expect(decodeHello(hello({ caps })).capabilities).toEqual([{ name: '8letters', version: 3 }]);
});

test('PE-01 control characters of the client id are replaced', () => {
  const decoded = decodeHello(rlp([5, 'a\u001b[2J\r\nb\u202e\u2028c', [], 0, remoteKey]));
  expect(decoded.clientId).toBe('a\ufffd[2J\ufffd\ufffdb\ufffd\ufffdc');
  expect(decodeHello(rlp([5, Uint8Array.of(0xff, 0x41), [], 0, remoteKey])).clientId).toBe('\ufffdA');
});

test('PE-01 a decoded Hello equals the encoded one', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
  const capability = fc.record({ name, version: fc.nat() });
  fc.assert(
    fc.property(
      fc.record({
        version: fc.nat(),
        clientId: fc.stringMatching(/^[A-Za-z0-9/. -]{0,40}$/),
        capabilities: fc.array(capability, { maxLength: 20 }),
        listenPort: fc.nat({ max: 65_535 }),
        id: fc.uint8Array({ minLength: 64, maxLength: 64 }),
      }),
      (value) => {
        expect(decodeHello(encodeHello(value))).toEqual(value);
      },
    ),
    { numRuns: 200 },
  );
});

test('PE-01 for any input the decoder returns or throws RlpError', () => {
  const valid = hello({
    caps: [
      ['eth', 68],
      ['snap', 1],
    ],
  });
  const decodes = (input: Uint8Array): void => {
    try {
      decodeHello(input);
    } catch (error) {
      expect(error).toBeInstanceOf(RlpError);
    }
  };
  for (let length = 0; length < valid.length; length++) {
    expect(() => decodeHello(valid.subarray(0, length))).toThrow(RlpError);
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2048 }), decodes), { numRuns: 2000 });
  fc.assert(
    fc.property(fc.nat({ max: valid.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
      decodes(valid.with(at, byte));
    }),
    { numRuns: 2000 },
  );
});
