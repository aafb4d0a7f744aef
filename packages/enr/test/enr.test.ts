import { fromHex, toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { encode, list, type RlpError, raw, text as rlpText, type Tree, tree } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import {
  decodeEnr,
  EnrError,
  type EnrErrorCode,
  enodeFromEnr,
  enrContentFromEnode,
  formatEnr,
  parseEnode,
  parseEnr,
  signEnr,
  updateEnr,
} from '../src/index.ts';
import vector from './vectors/eip-778.json' with { type: 'json' };
import zone from './vectors/eip-1459.json' with { type: 'json' };

const KEY = fromHex(vector.private_key);
const ID = nobleCrypto.secp256k1.publicKey(KEY);
const COMPRESSED = fromHex(vector.secp256k1);
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const rlp = (value: Tree): Uint8Array => encode(tree(), value);

const signed = (hash: Uint8Array): Uint8Array => nobleCrypto.secp256k1.sign(hash, KEY).slice(0, 64);

/** Encodes and signs any content, valid or not. */
function forge(content: Uint8Array[], sign: (hash: Uint8Array) => Uint8Array = signed): Uint8Array {
  const signature = sign(nobleCrypto.keccak256(encode(list(raw), content)));
  return encode(list(raw), [rlp(signature), ...content]);
}

/** Content of a plain record with additional pairs of raw RLP. */
function content(
  pairs: Record<string, Uint8Array | undefined> = {},
  seq: Uint8Array = rlp(Uint8Array.of(1)),
): Uint8Array[] {
  const all = { id: rlp(bytesOf('v4')), secp256k1: rlp(COMPRESSED), ...pairs };
  const sorted = Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1));
  return [seq, ...sorted.flatMap(([key, value]) => (value ? [rlp(bytesOf(key)), value] : []))];
}

function refusal(work: () => unknown): EnrError {
  try {
    work();
  } catch (error) {
    if (error instanceof EnrError) return error;
    throw error;
  }
  throw new Error('not refused');
}

describe('D4-17 the example record of EIP-778', () => {
  const enr = parseEnr(vector.text);

  test('is decoded', () => {
    expect(toHex(enr.signature)).toBe(vector.signature);
    expect(enr.seq).toBe(BigInt(vector.seq));
    expect(enr.id).toEqual(ID);
    expect(enr.ip).toBe(vector.ip);
    expect(enr.udp).toBe(vector.udp);
    expect([...enr.pairs.keys()]).toEqual(['id', 'ip', 'secp256k1', 'udp']);
    expect([enr.tcp, enr.ip6, enr.tcp6, enr.udp6, enr.eth]).toEqual(Array(5).fill(undefined));
  });

  test('is formatted again', () => {
    expect(formatEnr(enr)).toBe(vector.text);
    expect(formatEnr(decodeEnr(enr.bytes))).toBe(vector.text);
  });

  test('equals the result of signEnr for its content', () => {
    const made = signEnr({ ip: vector.ip, udp: vector.udp }, KEY);
    expect(formatEnr(made)).toBe(vector.text);
    expect(made).toEqual(enr);
  });

  test('is the same with the option publicKey', () => {
    const publicKey = ID.slice();
    const made = signEnr({ ip: vector.ip, udp: vector.udp }, KEY, { publicKey });
    publicKey.fill(0);
    expect(made).toEqual(signEnr({ ip: vector.ip, udp: vector.udp }, KEY));
  });

  test('keeps no reference to the decoded buffer', () => {
    const buffer = enr.bytes.slice();
    const read = decodeEnr(buffer);
    buffer.fill(0);
    expect(formatEnr(read)).toBe(vector.text);
    expect([read.ip, read.udp]).toEqual([vector.ip, vector.udp]);
  });

  test('is refused with any bit changed', () => {
    for (let bit = 0; bit < enr.bytes.length * 8; bit++) {
      const changed = enr.bytes.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => decodeEnr(changed), `bit ${bit}`).toThrow(EnrError);
    }
  });

  test('HX-18 is refused when truncated or followed by bytes', () => {
    for (let length = 0; length < enr.bytes.length; length++) {
      expect(refusal(() => decodeEnr(enr.bytes.subarray(0, length))).code).toBe('malformed');
    }
    for (let length = 0; length < vector.text.length; length++) {
      expect(() => parseEnr(vector.text.slice(0, length)), `${length}`).toThrow(EnrError);
    }
    const longer = refusal(() => decodeEnr(Uint8Array.from([...enr.bytes, 0x80])));
    expect(longer.code).toBe('malformed');
    expect((longer.cause as RlpError).code).toBe('trailing-bytes');
  });
});

test.each(zone.records)('D4-17 %.40s… of the zone that EIP-1459 prints is read and written back', (text) => {
  expect(formatEnr(parseEnr(text))).toBe(text);
});

describe('D4-17 the text of a record', () => {
  const body = vector.text.slice(4);

  test.each<[string, string, EnrErrorCode]>([
    ['no prefix', body, 'invalid-text'],
    ['prefix in capitals', `ENR:${body}`, 'invalid-text'],
    ['enode URL', 'enode://00@127.0.0.1:1', 'invalid-text'],
    ['padding', `enr:${body}==`, 'invalid-text'],
    ['white space', `enr:${body} `, 'invalid-text'],
    ['line break', `enr:${body.slice(0, 80)}\n${body.slice(80)}`, 'invalid-text'],
    ['the other alphabet', `enr:${body.replaceAll('-', '+').replaceAll('_', '/')}`, 'invalid-text'],
    ['impossible length', `enr:${body}AA`, 'invalid-text'],
    ['nothing', 'enr:', 'malformed'],
    ['a megabyte', `enr:${'A'.repeat(1 << 20)}`, 'too-large'],
  ])('%s is refused', (_, text, code) => {
    expect(refusal(() => parseEnr(text)).code).toBe(code);
  });

  test('bits after the last byte are refused', () => {
    const record = signEnr({ ip: '1.2.3.4', udp: 1, pairs: { a: Uint8Array.of(1) } }, KEY);
    const text = [record, signEnr({ pairs: { ab: Uint8Array.of(1) } }, KEY)]
      .map(formatEnr)
      .find((one) => one.length % 4 !== 0);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(text?.at(-1) ?? '');
    const sloppy = text?.slice(0, -1) + (alphabet[last + 1] ?? '');
    expect(refusal(() => parseEnr(sloppy)).code).toBe('invalid-text');
  });
});

describe('D4-17 an invalid record is refused', () => {
  test('the helper also creates valid records', () => {
    expect(decodeEnr(forge(content())).id).toEqual(ID);
    expect(toHex(forge(content({ ip: rlp(fromHex('7f000001')), udp: rlp(fromHex('765f')) })))).toBe(
      toHex(parseEnr(vector.text).bytes),
    );
  });

  const long = (length: number): Uint8Array => rlp(new Uint8Array(length).fill(7));
  const swapped = (): Uint8Array[] => {
    const [seq = rlp([]), idKey = seq, id = seq, ...rest] = content();
    return [seq, ...rest, idKey, id];
  };

  test.each<[string, () => Uint8Array, EnrErrorCode, string?]>([
    ['301 bytes', () => forge(content({ zz: long(176) })), 'too-large'],
    ['a string', () => rlp(bytesOf('hello')), 'malformed'],
    ['an empty list', () => rlp([]), 'malformed'],
    ['a signature alone', () => rlp([new Uint8Array(64)]), 'malformed'],
    ['a signature that is a list', () => rlp([[], Uint8Array.of(1)]), 'malformed'],
    ['no pairs', () => forge([rlp(Uint8Array.of(1))]), 'unknown-identity', 'id'],
    ['a key without value', () => forge([...content(), rlp(bytesOf('x'))]), 'malformed'],
    ['a key that is a list', () => forge([...content(), rlp([]), rlp([])]), 'malformed'],
    ['a sequence number with a leading zero', () => forge(content({}, rlp(Uint8Array.of(0, 1)))), 'invalid-seq'],
    ['a sequence number of zero as a byte', () => forge(content({}, Uint8Array.of(0))), 'invalid-seq'],
    [
      'a sequence number of 65 bits',
      () => forge(content({}, rlp(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0)))),
      'invalid-seq',
    ],
    ['a sequence number that is a list', () => forge(content({}, rlp([]))), 'invalid-seq'],
    ['keys out of order', () => forge(swapped()), 'key-order', 'id'],
    ['a key twice', () => forge([...content({ z: rlp([]) }), rlp(bytesOf('z')), rlp([])]), 'duplicate-key', 'z'],
    ['no identity scheme', () => forge(content({ id: undefined })), 'unknown-identity', 'id'],
    ['another identity scheme', () => forge(content({ id: rlp(bytesOf('v5')) })), 'unknown-identity', 'id'],
    ['an identity scheme that is a list', () => forge(content({ id: rlp([bytesOf('v4')]) })), 'unknown-identity', 'id'],
    ['no public key', () => forge(content({ secp256k1: undefined })), 'invalid-value', 'secp256k1'],
    [
      'a public key of 32 bytes',
      () => forge(content({ secp256k1: rlp(COMPRESSED.subarray(1)) })),
      'invalid-value',
      'secp256k1',
    ],
    [
      'an uncompressed public key',
      () => forge(content({ secp256k1: rlp(Uint8Array.of(4, ...ID)) })),
      'invalid-value',
      'secp256k1',
    ],
    [
      'a public key off the curve',
      () => forge(content({ secp256k1: rlp(Uint8Array.of(2, ...new Uint8Array(31), 5)) })),
      'invalid-value',
      'secp256k1',
    ],
    [
      'a public key with a wrong prefix',
      () => forge(content({ secp256k1: rlp(Uint8Array.of(5, ...COMPRESSED.subarray(1))) })),
      'invalid-value',
      'secp256k1',
    ],
    ['an IPv4 address of 3 bytes', () => forge(content({ ip: long(3) })), 'invalid-value', 'ip'],
    ['an IPv4 address of 16 bytes', () => forge(content({ ip: long(16) })), 'invalid-value', 'ip'],
    ['an IPv4 address that is a list', () => forge(content({ ip: rlp([]) })), 'invalid-value', 'ip'],
    ['an IPv6 address of 4 bytes', () => forge(content({ ip6: long(4) })), 'invalid-value', 'ip6'],
    ...(['tcp', 'udp', 'tcp6', 'udp6'] as const).flatMap((key): [string, () => Uint8Array, EnrErrorCode, string][] => [
      [`${key} of 3 bytes`, () => forge(content({ [key]: long(3) })), 'invalid-value', key],
      [`${key} with a leading zero`, () => forge(content({ [key]: rlp(Uint8Array.of(0, 80)) })), 'invalid-value', key],
      [`${key} that is a list`, () => forge(content({ [key]: rlp([]) })), 'invalid-value', key],
    ]),
    [
      'a list that is longer than its value',
      () => forge(content({ z: Uint8Array.of(0xc1, 0x83) })),
      'invalid-value',
      'z',
    ],
    [
      'a byte with a prefix, inside a list',
      () => forge(content({ z: Uint8Array.of(0xc2, 0x81, 0x05) })),
      'invalid-value',
      'z',
    ],
    [
      'a signature of another key',
      () => forge(content(), (hash) => nobleCrypto.secp256k1.sign(hash, new Uint8Array(32).fill(1)).slice(0, 64)),
      'invalid-signature',
    ],
    [
      'a signature of 65 bytes',
      () => forge(content(), (hash) => nobleCrypto.secp256k1.sign(hash, KEY)),
      'invalid-signature',
    ],
    [
      'a signature of 63 bytes',
      () => forge(content(), (hash) => nobleCrypto.secp256k1.sign(hash, KEY).slice(0, 63)),
      'invalid-signature',
    ],
    ['an empty signature', () => forge(content(), () => new Uint8Array()), 'invalid-signature'],
    ['a signature of zeros', () => forge(content(), () => new Uint8Array(64)), 'invalid-signature'],
    ['the other signature that fits (high s)', () => forge(content(), highS), 'invalid-signature'],
  ])('%s', (_, record, code, key) => {
    const error = refusal(() => decodeEnr(record()));
    expect([error.code, error.key]).toEqual([code, key]);
  });

  function highS(hash: Uint8Array): Uint8Array {
    const low = nobleCrypto.secp256k1.sign(hash, KEY).slice(0, 64);
    const s = ORDER - BigInt(`0x${toHex(low.subarray(32))}`);
    return Uint8Array.from([...low.subarray(0, 32), ...fromHex(s.toString(16).padStart(64, '0'))]);
  }

  test('exactly 300 bytes are accepted', () => {
    const record = forge(content({ zz: long(175) }));
    expect(record.length).toBe(300);
    const enr = decodeEnr(record);
    expect(formatEnr(enr)).toHaveLength(404);
    expect(parseEnr(formatEnr(enr))).toEqual(enr);
  });
});

describe('D4-17 entries', () => {
  test('all are encoded and decoded', () => {
    const entries = {
      ip: '203.0.113.9',
      tcp: 30303,
      udp: 30304,
      ip6: '2001:db8::9',
      tcp6: 0,
      udp6: 65535,
      eth: { hash: fromHex('07c9462e'), next: 2n ** 64n - 1n },
    };
    const enr = decodeEnr(signEnr(entries, KEY, { seq: 2n ** 64n - 1n }).bytes);
    expect(enr).toMatchObject(entries);
    expect(enr.seq).toBe(2n ** 64n - 1n);
    expect([...enr.pairs.keys()]).toEqual(['eth', 'id', 'ip', 'ip6', 'secp256k1', 'tcp', 'tcp6', 'udp', 'udp6']);
  });

  test('eth is the fork id in a list that may have more items', () => {
    const fork = [fromHex('00000000'), Uint8Array.of(5)];
    const eth = (value: Tree): unknown => decodeEnr(forge(content({ eth: rlp(value) }))).eth;
    expect(toHex(signEnr({ eth: { hash: fromHex('07c9462e'), next: 0n } }, KEY).pairs.get('eth') ?? COMPRESSED)).toBe(
      'c7c68407c9462e80',
    );
    expect(eth([fork])).toEqual({ hash: fork[0], next: 5n });
    expect(eth([fork, [], bytesOf('later')])).toEqual({ hash: fork[0], next: 5n });
    for (const other of [[], fork, [[fromHex('000000')]], [[...fork, fork[1]]], bytesOf('x')] as Tree[]) {
      expect(eth(other)).toBeUndefined();
    }
  });

  test('other pairs are kept unchanged: strings, lists and keys of any bytes', () => {
    const key = Uint8Array.of(0xff, 0x00, 0xc3);
    const snap = encode(list(rlpText(10)), ['a', 'b']);
    const record = forge([...content({ caps: snap }), rlp(key), rlp([[], [bytesOf('deep')]])]);
    // `caps` sorts before `id`, the bytes after everything in ASCII.
    const enr = decodeEnr(record);
    expect([...enr.pairs.keys()]).toEqual(['caps', 'id', 'secp256k1', '\xff\x00\xc3']);
    expect(enr.pairs.get('caps')).toEqual(snap);
    const updated = updateEnr(enr, { tcp: 1 }, KEY);
    expect(updated.pairs.get('\xff\x00\xc3')).toEqual(rlp([[], [bytesOf('deep')]]));
    expect(decodeEnr(updated.bytes)).toEqual(updated);
  });

  test.each<[string, () => unknown, string]>([
    ['a host name', () => signEnr({ ip: 'localhost' }, KEY), 'ip'],
    ['IPv6 as IPv4', () => signEnr({ ip: '::1' }, KEY), 'ip'],
    ['IPv4 as IPv6', () => signEnr({ ip6: '127.0.0.1' }, KEY), 'ip6'],
    ['a port of 17 bits', () => signEnr({ tcp: 65536 }, KEY), 'tcp'],
    ['half a port', () => signEnr({ udp: 0.5 }, KEY), 'udp'],
    ['a fork hash of 3 bytes', () => signEnr({ eth: { hash: new Uint8Array(3), next: 0n } }, KEY), 'eth'],
    ['a fork of 65 bits', () => signEnr({ eth: { hash: new Uint8Array(4), next: 2n ** 64n } }, KEY), 'eth'],
    ['a pair that is no RLP', () => signEnr({ pairs: { x: Uint8Array.of(0x81) } }, KEY), 'x'],
    ['a pair of two items', () => signEnr({ pairs: { x: Uint8Array.of(1, 2) } }, KEY), 'x'],
    ['a pair that breaks an entry', () => signEnr({ pairs: { udp6: rlp([]) } }, KEY), 'udp6'],
    ['a key beyond a byte a character', () => signEnr({ pairs: { ключ: Uint8Array.of(1) } }, KEY), 'ключ'],
  ])('%s is refused', (_, work, key) => {
    expect(refusal(work)).toMatchObject({ code: 'invalid-value', key });
  });

  test('a record that is too large, or an invalid sequence number, is refused', () => {
    expect(refusal(() => signEnr({ pairs: { zz: rlp(new Uint8Array(176)) } }, KEY)).code).toBe('too-large');
    for (const seq of [-1n, 2n ** 64n]) expect(refusal(() => signEnr({}, KEY, { seq })).code).toBe('invalid-seq');
  });
});

describe('D4-17 update', () => {
  const enr = signEnr({ ip: '203.0.113.9', tcp: 30303, udp: 30303, pairs: { snap: rlp([]) } }, KEY, { seq: 7n });

  test('a change increments the sequence number', () => {
    const moved = updateEnr(enr, { ip: '203.0.113.10' }, KEY);
    expect(moved.seq).toBe(8n);
    expect(moved).toMatchObject({ ip: '203.0.113.10', tcp: 30303, udp: 30303 });
    expect(decodeEnr(moved.bytes)).toEqual(moved);
    expect([enr.seq, enr.ip]).toEqual([7n, '203.0.113.9']);
  });

  test('changes without effect return the same record', () => {
    expect(updateEnr(enr, {}, KEY)).toBe(enr);
    expect(updateEnr(enr, { ip: '203.0.113.9', ip6: undefined, pairs: { snap: rlp([]), none: undefined } }, KEY)).toBe(
      enr,
    );
    expect(updateEnr(enr, { pairs: { id: undefined, secp256k1: rlp([]) } }, KEY)).toBe(enr);
  });

  test('an undefined entry is removed', () => {
    const less = updateEnr(enr, { ip: undefined, pairs: { snap: undefined } }, KEY);
    expect([...less.pairs.keys()]).toEqual(['id', 'secp256k1', 'tcp', 'udp']);
    expect(less.seq).toBe(8n);
  });

  test('the key of another node and a sequence number above 64 bits are refused', () => {
    expect(refusal(() => updateEnr(enr, { tcp: 1 }, new Uint8Array(32).fill(1))).code).toBe('wrong-private-key');
    const last = signEnr({}, KEY, { seq: 2n ** 64n - 1n });
    expect(updateEnr(last, {}, KEY)).toBe(last);
    expect(refusal(() => updateEnr(last, { tcp: 1 }, KEY)).code).toBe('invalid-seq');
  });
});

describe('D4-17 records and enode URLs', () => {
  const url = `enode://${toHex(ID)}@203.0.113.9:30303?discport=30301`;

  test('an endpoint is converted to entries and back', () => {
    for (const one of [
      url,
      url.replace('203.0.113.9', '[2001:db8::9]'),
      url.replace('30301', '0'),
      url.replace('30303', '0'),
    ]) {
      const node = parseEnode(one);
      expect(enodeFromEnr(signEnr(enrContentFromEnode(node), KEY))).toEqual(node);
    }
    expect(refusal(() => enrContentFromEnode({ ...parseEnode(url), host: 'example.org' })).key).toBe('ip');
  });

  test('a record with two addresses returns either, with IPv4 ports if it has none for IPv6', () => {
    const both = signEnr({ ip: '203.0.113.9', ip6: '2001:db8::9', tcp: 1, udp: 2, udp6: 3 }, KEY);
    expect(enodeFromEnr(both)).toEqual({ id: ID, host: '203.0.113.9', tcp: 1, udp: 2 });
    expect(enodeFromEnr(both, { family: 4 })).toEqual(enodeFromEnr(both));
    expect(enodeFromEnr(both, { family: 6 })).toEqual({
      id: ID,
      host: '2001:db8::9',
      tcp: 1,
      udp: 3,
    });
    const ipv6 = updateEnr(both, { ip: undefined }, KEY);
    expect(enodeFromEnr(ipv6)).toEqual(enodeFromEnr(both, { family: 6 }));
    expect(enodeFromEnr(ipv6, { family: 4 })).toBeUndefined();
    expect(enodeFromEnr(signEnr({ tcp: 1 }, KEY))).toBeUndefined();
  });
});
