// Attacks on a running stream, on the wire and on raw bytes.
import { randomBytes } from 'node:crypto';
import { type Duplex, duplexPair } from 'node:stream';
import { concatBytes } from '@devp2p/bytes';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accept, initiate, type RlpxOptions, type RlpxStream } from '../src/index.ts';
import { arrayBuffers } from './memory.ts';
import {
  authBody,
  newKey,
  openPacket,
  packet,
  type RawFrames,
  rawInitiate,
  rawSecrets,
  receivePacket,
  rlpList,
} from './raw.ts';
import { failure, idA, idB, keyA, keyB } from './transports.ts';

interface Attack {
  readonly clock: VirtualClock;
  readonly victim: RlpxStream;
  readonly attacker: Duplex;
  readonly frames: RawFrames;
}

/** An attacker after a successful handshake, which needs no secret. */
async function admitted(options: Partial<RlpxOptions> = {}): Promise<Attack> {
  const clock = createVirtualClock();
  const [ours, attacker] = duplexPair();
  const [victim, frames] = await Promise.all([
    accept(ours, { privateKey: keyB, clock, crypto, ...options }),
    rawInitiate(attacker, newKey(), idB),
  ]);
  attacker.resume();
  return { clock, victim, attacker, frames };
}

const goodAuth = (): Uint8Array => packet(idB, concatBytes(authBody(keyA, idB).body, new Uint8Array(150)));

describe('during the handshake', () => {
  const half = goodAuth().subarray(0, 200);
  test.each<[string, Uint8Array[]]>([
    ['silence', []],
    ['one byte', [half.subarray(0, 1)]],
    ['half an auth', [half]],
    ['half an auth in single bytes', Array.from(half, (byte) => Uint8Array.of(byte))],
    ['a size and the start of garbage', [Uint8Array.of(7, 0xfe), randomBytes(1500)]],
    ['the first bytes of the form before EIP-8', [Uint8Array.of(4), randomBytes(300)]],
  ])('HX-02 %s, then silence: destroyed at the timeout', async (_, chunks) => {
    const clock = createVirtualClock();
    const [ours, attacker] = duplexPair();
    const answer: Uint8Array[] = [];
    attacker.on('data', (chunk: Uint8Array) => answer.push(chunk));
    const accepting = failure(accept(ours, { privateKey: keyB, clock, crypto }));
    for (const chunk of chunks) {
      attacker.write(chunk);
      await clock.advance(1);
    }
    await clock.advance(4_999 - chunks.length);
    expect(ours.destroyed).toBe(false);
    await clock.advance(1);
    expect(await accepting).toBe('handshake-timeout');
    expect([ours.destroyed, answer, clock.pending]).toEqual([true, [], 0]);
  });

  test.each<[string, Uint8Array]>([
    ['garbage', randomBytes(100_000)],
    ['zeros', new Uint8Array(100_000)],
    ['half an auth and garbage', concatBytes(half, randomBytes(100_000))],
    ['HTTP', new TextEncoder().encode(`GET / HTTP/1.1\r\n${'x'.repeat(30_000)}`)],
  ])('HX-02 %s: destroyed without a reply', async (_, bytes) => {
    const clock = createVirtualClock();
    const [ours, attacker] = duplexPair();
    const answer: Uint8Array[] = [];
    attacker.on('data', (chunk: Uint8Array) => answer.push(chunk));
    const accepting = failure(accept(ours, { privateKey: keyB, clock, crypto }));
    attacker.write(bytes);
    await clock.advance(5_000);
    expect(await accepting).toMatch(/^handshake-(failed|timeout)$/);
    expect([ours.destroyed, answer, clock.pending]).toEqual([true, [], 0]);
  });

  test('HX-02 a handshake holds at most 2 KiB', async () => {
    const clock = createVirtualClock();
    const sockets = 200;
    const pairs = Array.from({ length: sockets }, () => duplexPair());
    const before = arrayBuffers();
    const accepting = pairs.map(([ours]) => failure(accept(ours, { privateKey: keyB, clock, crypto })));
    for (const [, attacker] of pairs) {
      attacker.write(Uint8Array.of(0x07, 0xfe));
      for (let sent = 0; sent < 2000; sent += 100) attacker.write(Buffer.alloc(100));
    }
    await clock.advance(1000);
    for (const [ours] of pairs) expect(ours.readableLength).toBe(0);
    const held = arrayBuffers() - before;
    expect(held).toBeGreaterThan(sockets * 2000);
    expect(held).toBeLessThan(sockets * 2048 + 100_000);
    await clock.advance(4000);
    expect(new Set(await Promise.all(accepting))).toEqual(new Set(['handshake-timeout']));
    expect(arrayBuffers() - before).toBeLessThan(100_000);
  });

  test.each<[string, Uint8Array]>([
    ['off the curve', concatBytes(newKey(), newKey())],
    ['(1, 1)', Uint8Array.from({ length: 64 }, (_, i) => Number(i === 31 || i === 63))],
    ['zero', new Uint8Array(64)],
  ])('HX-10 an auth whose point is %s fails like one with a bad MAC', async (_, point) => {
    const badMac = goodAuth();
    badMac[badMac.length - 1] = (badMac.at(-1) as number) ^ 1;
    const { body } = authBody(keyA, idB);
    const static_ = authBody(keyA, idB, { publicKey: point }).body;
    const attacks = [
      badMac,
      packet(idB, body, { point }),
      packet(idB, body, { point, secret: point.subarray(0, 32) }),
      packet(idB, body, { point, secret: idB.subarray(0, 32) }),
      packet(idB, static_),
    ];
    for (const bytes of attacks) {
      const [ours, attacker] = duplexPair();
      const answer: Uint8Array[] = [];
      attacker.on('data', (chunk: Uint8Array) => answer.push(chunk));
      const accepting = failure(accept(ours, { privateKey: keyB, crypto }));
      attacker.write(bytes);
      expect(await accepting).toBe('handshake-failed');
      expect([ours.destroyed, answer]).toEqual([true, []]);
    }
  });

  test('HX-01 RX-11 an attacker with the public key of another node cannot send a message', async () => {
    const clock = createVirtualClock();
    const [ours, attacker] = duplexPair();
    const accepting = accept(ours, { privateKey: keyB, clock, crypto });
    // The auth names A and signs a chosen token. The secret of A and B is unknown to the attacker.
    const auth = authBody(newKey(), idB, { publicKey: idA });
    attacker.write(packet(idB, auth.body));
    const victim = await accepting.catch(() => undefined);
    if (victim) {
      attacker.write(randomBytes(200));
      expect(await failure(victim.read())).toBe('mac-mismatch');
    }
    expect(ours.destroyed).toBe(true);
  });

  test('RX-11 an attacker that answers for the dialed node cannot send a message', async () => {
    const clock = createVirtualClock();
    const [ours, attacker] = duplexPair();
    const calling = initiate(ours, idB, { privateKey: keyA, clock, crypto });
    const received = await receivePacket(attacker);
    // The attacker lacks only B's private key, so it invents the values that need it.
    expect(() => openPacket(newKey(), received)).toThrow('wrong tag');
    const [ephemeral, nonce, madeUp] = [newKey(), newKey(), newKey()];
    const ack = rlpList([crypto.secp256k1.publicKey(ephemeral), nonce, Uint8Array.of(4)]);
    const sent = packet(idA, ack);
    attacker.write(sent);
    const frames = rawSecrets({
      ephemeral,
      remoteEphemeral: crypto.secp256k1.publicKey(madeUp),
      nonce,
      remoteNonce: newKey(),
      sent,
      received,
      inbound: true,
    });
    const stream = await calling;
    attacker.write(frames.seal(Uint8Array.of(0x80)));
    expect(await failure(stream.read())).toBe('mac-mismatch');
    expect(ours.destroyed).toBe(true);
  });
});

describe('on an open connection', () => {
  test('the attacker of these tests is compatible', async () => {
    const { victim, attacker, frames } = await admitted();
    attacker.write(frames.seal(concatBytes(Uint8Array.of(0x80), new Uint8Array(77).fill(5))));
    expect(await victim.read()).toMatchObject({ code: 0, payload: new Uint8Array(77).fill(5) });
  });

  test('HX-04 7 bytes of Snappy that declare 1 GiB are refused before allocation', async () => {
    for (const length of [
      [0x80, 0x80, 0x80, 0x80, 0x04], // 1 GiB
      [0xff, 0xff, 0xff, 0x07, 0x00], // 16 MiB − 1, which the limit allows
    ]) {
      const { victim, attacker, frames } = await admitted();
      victim.enableCompression();
      const before = arrayBuffers();
      attacker.write(frames.seal(Uint8Array.of(0x10, ...length, 0xfe, 0xff)));
      expect(await failure(victim.read())).toBe('snappy');
      await victim.closed;
      expect(arrayBuffers() - before).toBeLessThan(1_000_000);
    }
  });

  test('HX-11 a forged size is refused by the MAC', async () => {
    const { victim, attacker, frames } = await admitted();
    const header = frames.header(16);
    header[0] = (header[0] as number) ^ 0xff;
    attacker.write(header);
    expect(await failure(victim.read())).toBe('mac-mismatch');
    await victim.closed;
  });

  test('HX-11 a frame of 16 MiB at 1 byte/s is ended by the read timeout', async () => {
    const { victim, attacker, frames, clock } = await admitted();
    const reading = failure(victim.read());
    const before = arrayBuffers();
    attacker.write(frames.header(2 ** 24 - 1));
    for (let second = 0; second < 29; second++) {
      attacker.write(Uint8Array.of(0));
      await clock.advance(1000);
    }
    expect(arrayBuffers() - before).toBeLessThan(256 * 1024 + 50_000);
    await clock.advance(1000);
    expect(await reading).toBe('read-timeout');
    await victim.closed;
    expect(clock.pending).toBe(0);
  });

  test('HX-11 memory of a frame is bounded by the received bytes and 256 KiB', async () => {
    const { victim, attacker, frames, clock } = await admitted();
    const reading = failure(victim.read());
    const before = arrayBuffers();
    attacker.write(frames.header(2 ** 24 - 1));
    let received = 0;
    for (let round = 0; round < 25; round++) {
      for (let i = 0; i < 100; i++) attacker.write(Buffer.alloc(1000));
      received += 100_000;
      await clock.advance(1000);
      // Includes the attacker's own buffers. The transport has delivered all bytes by now.
      expect(arrayBuffers() - before).toBeLessThan(received + 256 * 1024 + 100_000);
    }
    attacker.end();
    expect(await reading).toBe('truncated');
  });

  test('HX-11 a frame above the limit of the connection is refused at its header', async () => {
    const { victim, attacker, frames } = await admitted({ maxMessageSize: 10_000 });
    attacker.write(frames.header(12_000));
    expect(await failure(victim.read())).toBe('frame-too-large');
  });

  test('RX-10 a remote that never reads costs at most the limit', async () => {
    const clock = createVirtualClock();
    const [ours, attacker] = duplexPair();
    const [victim] = await Promise.all([
      accept(ours, { privateKey: keyB, clock, crypto, maxBuffered: 1_000_000 }),
      rawInitiate(attacker, newKey(), idB),
    ]);
    const before = arrayBuffers();
    const results = new Set<unknown>();
    const writing: Promise<unknown>[] = [];
    for (let i = 0; i < 200; i++) {
      writing.push(failure(victim.write(1, randomBytes(10_000))).then((code) => results.add(code)));
    }
    await clock.advance(0);
    expect(arrayBuffers() - before).toBeLessThan(1_200_000);
    await clock.advance(20_000);
    await Promise.all(writing);
    expect(results).toEqual(new Set(['no failure', 'overflow']));
    expect(await failure(victim.read())).toBe('write-timeout');
  });

  test('HX-19 random bytes end the connection with a typed error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 500 }), async (bytes) => {
        const { victim, attacker } = await admitted();
        attacker.write(bytes);
        expect(await failure(victim.read())).toBe('mac-mismatch');
        await victim.closed;
      }),
      { numRuns: 30 },
    );
  });

  test('HX-19 random payloads with valid MACs end in a message or a typed error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (body) => {
        const { victim, attacker, frames } = await admitted();
        victim.enableCompression();
        attacker.end(frames.seal(body));
        expect(['no failure', 'snappy', 'malformed-frame']).toContain(await failure(victim.read()));
        victim.destroy();
      }),
      { numRuns: 60 },
    );
  });
});
