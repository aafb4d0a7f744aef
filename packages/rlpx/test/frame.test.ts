import { concatBytes } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { type Frame, FrameDecoder, FrameEncoder, type FrameSecrets, frameLength } from '../src/index.ts';
import { arrayBuffers } from './memory.ts';
import { newKey, RawFrames } from './raw.ts';

interface Pair {
  readonly encoder: FrameEncoder;
  readonly decoder: FrameDecoder;
  /** Decodes the frames of `encoder` and encodes the frames for `decoder`. */
  readonly raw: RawFrames;
}

function pair(maxSize?: number): Pair {
  const ours: FrameSecrets = { aes: newKey(), mac: newKey(), egress: newKey(), ingress: newKey() };
  return {
    encoder: new FrameEncoder(nobleCrypto, ours),
    decoder: new FrameDecoder(nobleCrypto, ours, maxSize),
    raw: new RawFrames(ours.aes, ours.mac, ours.ingress, ours.egress),
  };
}

function seal(encoder: FrameEncoder, code: number, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(frameLength(code, payload.length));
  encoder.encode(code, payload, out, 0);
  return out;
}

function openAll(decoder: FrameDecoder, chunks: Iterable<Uint8Array>): Frame[] {
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let frame = decoder.next(); frame; frame = decoder.next()) frames.push(frame);
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

describe('against an independent implementation of frames', () => {
  test('RX-06 encoded frames decode there, frame by frame', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 12 }), (messages) => {
        const { encoder, raw } = pair();
        for (const { code, payload } of messages) {
          const frame = seal(encoder, code, payload);
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
        const { decoder, raw } = pair();
        const wire = concatBytes(
          ...messages.map(({ code, payload }) => raw.seal(concatBytes(codeBytes(code), payload))),
        );
        const frames = openAll(decoder, cut(wire, cuts));
        expect(frames.map(({ code, payload }) => ({ code, payload }))).toEqual(messages);
        expect(frames.reduce((sum, { wireSize }) => sum + wireSize, 0)).toBe(wire.length);
        expect(decoder.midFrame).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  test('RX-07 byte by byte', () => {
    const { decoder, raw } = pair();
    const wire = concatBytes(raw.seal(concatBytes(codeBytes(0), filled(40))), raw.seal(codeBytes(17)));
    const frames = openAll(decoder, cut(wire, [1]));
    expect(frames.map(({ code }) => code)).toEqual([0, 17]);
    expect(frames[0]?.payload).toEqual(filled(40));
  });

  test('RX-07 several chunks may be queued', () => {
    const { decoder, raw } = pair();
    const wire = concatBytes(...[1, 2, 3].map((code) => raw.seal(concatBytes(codeBytes(code), filled(100)))));
    for (const chunk of cut(wire, [33])) decoder.push(chunk);
    expect(decoder.next()?.code).toBe(1);
    decoder.push(raw.seal(codeBytes(4)));
    expect([decoder.next()?.code, decoder.next()?.code, decoder.next()?.code]).toEqual([2, 3, 4]);
    expect(decoder.next()).toBeUndefined();
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
  test('RX-07 RX-08 a message of maximal length in chunks of 1 KiB is copied a fixed number of times', () => {
    const { decoder, encoder } = mirrored();
    const length = 2 ** 24 - 2;
    const wire = seal(encoder, 1, new Uint8Array(length));
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
      const [frame] = openAll(decoder, cut(wire, [1024]));
      expect(frame?.payload).toHaveLength(length);
    } finally {
      spy.mockRestore();
    }
    // Once from each chunk and once into one piece. A copy for every chunk would be 8,000 times.
    expect(copied).toBeLessThanOrEqual(2.1 * length);
  });

  test('RX-08 the size limit holds exactly', () => {
    const { decoder, raw } = pair(1000);
    expect(openAll(decoder, [raw.seal(concatBytes(codeBytes(5), filled(999)))])).toHaveLength(1);
    decoder.push(raw.header(1001));
    expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'frame-too-large' }));
  });

  test('HX-11 a forged size is refused by the MAC, for any size', () => {
    for (const at of [0, 1, 2, 3, 15, 16, 31]) {
      const { decoder, raw } = pair();
      const header = raw.header(64);
      header[at] = (header[at] as number) ^ 0x80;
      decoder.push(header);
      expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'mac-mismatch' }));
      expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'mac-mismatch' }));
    }
  });

  test('RX-06 a changed body or tag is detected before a frame is returned', () => {
    for (const at of [32, 47, 63, 64, 79]) {
      const { decoder, raw } = pair();
      const frame = raw.seal(concatBytes(codeBytes(1), filled(20)));
      frame[at] = (frame[at] as number) ^ 1;
      decoder.push(frame);
      expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'mac-mismatch' }));
    }
  });

  test('RX-06 frames out of order do not authenticate', () => {
    const { decoder, raw } = pair();
    const frames = [raw.seal(codeBytes(1)), raw.seal(codeBytes(2))];
    decoder.push(frames[1] as Uint8Array);
    expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'mac-mismatch' }));
  });

  test.each([
    ['no bytes', []],
    ['a list', [0xc0]],
    ['a zero that is not canonical', [0x00]],
    ['a small code that is not canonical', [0x81, 0x01]],
    ['a leading zero', [0x82, 0x00, 0x81]],
    ['a code of 5 bytes', [0x85, 1, 0, 0, 0, 0]],
    ['half a code', [0x83, 0xff]],
  ])('RX-06 a body that starts with %s is refused', (_, body) => {
    const { decoder, raw } = pair();
    decoder.push(raw.seal(Uint8Array.from(body)));
    expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'malformed-frame' }));
    expect(() => decoder.next()).toThrow();
  });

  test('HX-11 memory is allocated at most 256 KiB ahead of the received bytes', () => {
    const { decoder, raw } = pair();
    const before = arrayBuffers();
    const held = (): number => arrayBuffers() - before;
    decoder.push(raw.header(2 ** 24 - 1));
    decoder.next();
    expect(held()).toBeLessThan(64 * 1024);
    const chunk = new Uint8Array(1000);
    for (let received = 0; received < 3_000_000; received += chunk.length) {
      decoder.push(chunk);
      expect(decoder.next()).toBeUndefined();
      if (received % 100_000 === 0) expect(held()).toBeLessThan(received + 320 * 1024);
    }
    decoder.close();
  });
});

/** An encoder and a decoder for its frames, with a hash that takes no time. */
function mirrored(): { encoder: FrameEncoder; decoder: FrameDecoder } {
  const [aes, mac, start] = [newKey(), newKey(), newKey()];
  const secrets = { aes, mac, egress: start, ingress: start };
  const sponge = { update: () => sponge, digest: () => new Uint8Array(32), close() {} };
  const crypto = { ...nobleCrypto, createKeccak256: () => sponge };
  return {
    encoder: new FrameEncoder(crypto, secrets),
    decoder: new FrameDecoder(crypto, secrets),
  };
}

test('RX-06 the keccak state of each direction is closed once', () => {
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
  new FrameEncoder(crypto, secrets).close();
  new FrameDecoder(crypto, secrets).close();
  expect(closes).toHaveLength(2);
  for (const close of closes) expect(close).toHaveBeenCalledOnce();
});
