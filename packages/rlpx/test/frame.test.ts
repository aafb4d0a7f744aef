import { nobleCrypto } from '@devp2p/crypto';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { type Frame, FrameOpener, FrameSealer, frameLength, type Secrets } from '../src/index.ts';
import { arrayBuffers } from './memory.ts';
import { concat, newKey, RawFrames } from './raw.ts';

interface Pair {
  readonly sealer: FrameSealer;
  readonly opener: FrameOpener;
  /** Reads what `sealer` makes and makes what `opener` reads. */
  readonly raw: RawFrames;
}

function pair(maxSize?: number): Pair {
  const ours: Secrets = { aes: newKey(), mac: newKey(), egress: newKey(), ingress: newKey() };
  return {
    sealer: new FrameSealer(nobleCrypto, ours),
    opener: new FrameOpener(nobleCrypto, ours, maxSize),
    raw: new RawFrames(ours.aes, ours.mac, ours.ingress, ours.egress),
  };
}

function seal(sealer: FrameSealer, code: number, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(frameLength(code, payload.length));
  sealer.seal(code, payload, out, 0);
  return out;
}

function openAll(opener: FrameOpener, chunks: Iterable<Uint8Array>): Frame[] {
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    opener.push(chunk);
    for (let frame = opener.next(); frame; frame = opener.next()) frames.push(frame);
  }
  return frames;
}

function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length] as number;
    yield bytes.slice(at, at + length);
    at += length;
  }
}

function filled(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 7 + (i >> 8));
}

const message = fc.record({
  code: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  payload: fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 5000 }).map(filled)),
});

describe('against frames written down independently', () => {
  test('RX-06 what is sealed opens there, frame by frame', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 12 }), (messages) => {
        const { sealer, raw } = pair();
        for (const { code, payload } of messages) {
          const frame = seal(sealer, code, payload);
          expect(frame).toHaveLength(frameLength(code, payload.length));
          expect(raw.open(frame).subarray(-payload.length || Infinity)).toEqual(payload);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('RX-07 frames split and joined at any byte boundary', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), lengths, (messages, cuts) => {
        const { opener, raw } = pair();
        const wire = concat(
          ...messages.map(({ code, payload }) => raw.seal(concat(codeBytes(code), payload))),
        );
        const frames = openAll(opener, cut(wire, cuts));
        expect(frames.map(({ code, payload }) => ({ code, payload }))).toEqual(messages);
        expect(frames.reduce((sum, { wireSize }) => sum + wireSize, 0)).toBe(wire.length);
        expect(opener.midFrame).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  test('RX-07 byte by byte', () => {
    const { opener, raw } = pair();
    const wire = concat(raw.seal(concat(codeBytes(0), filled(40))), raw.seal(codeBytes(17)));
    const frames = openAll(opener, cut(wire, [1]));
    expect(frames.map(({ code }) => code)).toEqual([0, 17]);
    expect(frames[0]?.payload).toEqual(filled(40));
  });

  test('RX-07 several chunks may wait', () => {
    const { opener, raw } = pair();
    const wire = concat(...[1, 2, 3].map((code) => raw.seal(concat(codeBytes(code), filled(100)))));
    for (const chunk of cut(wire, [33])) opener.push(chunk);
    expect(opener.next()?.code).toBe(1);
    opener.push(raw.seal(codeBytes(4)));
    expect([opener.next()?.code, opener.next()?.code, opener.next()?.code]).toEqual([2, 3, 4]);
    expect(opener.next()).toBeUndefined();
  });
});

function codeBytes(code: number): Uint8Array {
  if (code === 0) return Uint8Array.of(0x80);
  if (code < 0x80) return Uint8Array.of(code);
  const digits = code.toString(16);
  const bytes = Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex');
  return Uint8Array.of(0x80 + bytes.length, ...bytes);
}

describe('limits', () => {
  test('RX-07 RX-08 a largest message in chunks of 1 KiB is copied a fixed number of times', () => {
    const { opener, sealer } = mirrored();
    const length = 2 ** 24 - 2;
    const wire = seal(sealer, 1, new Uint8Array(length));
    let copied = 0;
    const { set } = Uint8Array.prototype;
    const spy = vi.spyOn(Uint8Array.prototype, 'set').mockImplementation(function (
      this: Uint8Array,
      source: ArrayLike<number>,
      at?: number,
    ) {
      copied += source.length;
      set.call(this, source, at);
    });
    try {
      const [frame] = openAll(opener, cut(wire, [1024]));
      expect(frame?.payload).toHaveLength(length);
    } finally {
      spy.mockRestore();
    }
    // Once out of each chunk and once into one piece. With every chunk it would be 8,000 times.
    expect(copied).toBeLessThanOrEqual(2.1 * length);
  });

  test('RX-08 the size limit holds exactly', () => {
    const { opener, raw } = pair(1000);
    expect(openAll(opener, [raw.seal(concat(codeBytes(5), filled(999)))])).toHaveLength(1);
    opener.push(raw.header(1001));
    expect(() => opener.next()).toThrow(expect.objectContaining({ code: 'frame-too-large' }));
  });

  test('HX-11 a forged size is refused by the MAC, whatever it says', () => {
    for (const at of [0, 1, 2, 3, 15, 16, 31]) {
      const { opener, raw } = pair();
      const header = raw.header(64);
      header[at] = (header[at] as number) ^ 0x80;
      opener.push(header);
      expect(() => opener.next()).toThrow(expect.objectContaining({ code: 'mac-mismatch' }));
      expect(() => opener.next()).toThrow(expect.objectContaining({ code: 'mac-mismatch' }));
    }
  });

  test('RX-06 a changed body or tag is found before anything is handed out', () => {
    for (const at of [32, 47, 63, 64, 79]) {
      const { opener, raw } = pair();
      const frame = raw.seal(concat(codeBytes(1), filled(20)));
      frame[at] = (frame[at] as number) ^ 1;
      opener.push(frame);
      expect(() => opener.next()).toThrow(expect.objectContaining({ code: 'mac-mismatch' }));
    }
  });

  test('RX-06 frames out of order do not authenticate', () => {
    const { opener, raw } = pair();
    const frames = [raw.seal(codeBytes(1)), raw.seal(codeBytes(2))];
    opener.push(frames[1] as Uint8Array);
    expect(() => opener.next()).toThrow(expect.objectContaining({ code: 'mac-mismatch' }));
  });

  test.each([
    ['nothing', []],
    ['a list', [0xc0]],
    ['a zero that is not canonical', [0x00]],
    ['a small code that is not canonical', [0x81, 0x01]],
    ['a leading zero', [0x82, 0x00, 0x81]],
    ['a code of 5 bytes', [0x85, 1, 0, 0, 0, 0]],
    ['half a code', [0x83, 0xff]],
  ])('RX-06 a body that begins with %s is refused', (_, body) => {
    const { opener, raw } = pair();
    opener.push(raw.seal(Uint8Array.from(body)));
    expect(() => opener.next()).toThrow(expect.objectContaining({ code: 'malformed-frame' }));
    expect(() => opener.next()).toThrow();
  });

  test('HX-11 memory set aside runs at most 256 KiB ahead of the bytes received', () => {
    const { opener, raw } = pair();
    const before = arrayBuffers();
    const held = (): number => arrayBuffers() - before;
    opener.push(raw.header(2 ** 24 - 1));
    opener.next();
    expect(held()).toBeLessThan(64 * 1024);
    const chunk = new Uint8Array(1000);
    for (let received = 0; received < 3_000_000; received += chunk.length) {
      opener.push(chunk);
      expect(opener.next()).toBeUndefined();
      if (received % 100_000 === 0) expect(held()).toBeLessThan(received + 320 * 1024);
    }
    opener.close();
  });
});

/** A sealer and an opener for its frames, with a hash that takes no time. */
function mirrored(): { sealer: FrameSealer; opener: FrameOpener } {
  const [aes, mac, start] = [newKey(), newKey(), newKey()];
  const secrets = { aes, mac, egress: start, ingress: start };
  const sponge = { update: () => sponge, digest: () => new Uint8Array(32), close() {} };
  const crypto = { ...nobleCrypto, createKeccak256: () => sponge };
  return {
    sealer: new FrameSealer(crypto, secrets),
    opener: new FrameOpener(crypto, secrets),
  };
}

test('RX-06 a sponge is given back once for each direction', () => {
  const closes: (() => void)[] = [];
  const crypto = {
    ...nobleCrypto,
    createKeccak256() {
      const sponge = nobleCrypto.createKeccak256();
      closes.push(vi.spyOn(sponge, 'close'));
      return sponge;
    },
  };
  const secrets = { aes: newKey(), mac: newKey(), egress: newKey(), ingress: newKey() };
  new FrameSealer(crypto, secrets).close();
  new FrameOpener(crypto, secrets).close();
  expect(closes).toHaveLength(2);
  for (const close of closes) expect(close).toHaveBeenCalledOnce();
});
