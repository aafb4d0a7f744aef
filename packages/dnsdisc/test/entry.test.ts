import { fromHex, toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { EnrError, formatEnr } from '@devp2p/enr';
import { base32nopad, base64urlnopad } from '@scure/base';
import { describe, expect, test } from 'vitest';
import { DnsdiscError, type DnsdiscErrorCode, formatTreeUrl, parseTreeUrl } from '../src/index.ts';
import {
  entryHash,
  formatEntry,
  formatRoot,
  hashMatches,
  looksLikeEntry,
  looksLikeRoot,
  parseEntry,
  parseRoot,
  signRoot,
  verifyRoot,
} from '../src/tree/entry.ts';
import vector from './vectors/dnsdisc.json' with { type: 'json' };
import { key, records } from './zone.ts';

const { '@': ROOT, ...ENTRIES } = vector.zone;
const { url: URL, public_key: PUBLIC_KEY } = vector;
const KEY = URL.slice('enrtree://'.length, URL.indexOf('@'));
const HASH = 'JWXYDBPXYWG6FX3GMDIBFA6CJ4';
function refusal(work: () => unknown): DnsdiscError {
  try {
    work();
  } catch (error) {
    if (error instanceof DnsdiscError) return error;
    throw error;
  }
  throw new Error('not refused');
}

describe('D4-23 the example zone of EIP-1459', () => {
  test('has a root with a valid signature', () => {
    const root = parseRoot(ROOT);
    expect(root).toMatchObject({
      enrRoot: HASH,
      linkRoot: 'C7HRFPF3BLGF3YR4DY5KX3SMBE',
      seq: 1n,
    });
    expect(verifyRoot(root, fromHex(PUBLIC_KEY))).toBe(true);
    expect(formatRoot(root)).toBe(ROOT);
  });

  test.each(Object.entries(ENTRIES))('has the entry %s at its hash', (name, text) => {
    expect(entryHash(text)).toBe(name);
    expect(hashMatches(name, text)).toBe(true);
    expect(hashMatches(name, `${text}A`)).toBe(false);
    expect(formatEntry(parseEntry(text))).toBe(text);
  });

  test('is not signed with the key of the example URL, which differs', () => {
    const { publicKey, domain } = parseTreeUrl(URL);
    expect(domain).toBe('nodes.example.org');
    expect(formatTreeUrl({ publicKey, domain })).toBe(URL);
    expect(toHex(publicKey)).not.toBe(PUBLIC_KEY);
    expect(verifyRoot(parseRoot(ROOT), publicKey)).toBe(false);
  });
});

describe('D4-23 enrtree URLs', () => {
  test('have one canonical form', () => {
    const { domain, publicKey } = parseTreeUrl(`enrtree://${KEY}@Nodes.EXAMPLE.org.`);
    expect(domain).toBe('nodes.example.org');
    expect(formatTreeUrl({ publicKey, domain: 'NODES.example.org.' })).toBe(URL);
  });

  const label = 'a'.repeat(63);
  test.each(['localhost', '_enr.example-1.org', `${label}.${label}.${label}.abcdefgh`])(
    'accept the domain %s',
    (domain) => {
      expect(parseTreeUrl(`enrtree://${KEY}@${domain}`).domain).toBe(domain);
    },
  );

  const bad33 = base32nopad.encode(Uint8Array.of(2, ...Array<number>(32).fill(0xff)));
  test.each<[string, string, DnsdiscErrorCode, string]>([
    ['another scheme', 'enode://abc@example.org', 'invalid-scheme', '"enode://abc@example.org"'],
    ['scheme in capitals', URL.replace('enrtree', 'ENRTREE'), 'invalid-scheme', '"ENRTREE://'],
    ['nothing', '', 'invalid-scheme', '""'],
    ['no @', `enrtree://${KEY}`, 'invalid-domain', '"enrtree://AM5F'],
    ['no key', 'enrtree://@example.org', 'invalid-key', '""'],
    ['a key in lower case', URL.replace(KEY, KEY.toLowerCase()), 'invalid-key', '"am5fcq'],
    ['a truncated key', URL.replace(KEY, KEY.slice(0, 50)), 'invalid-key', '"AM5FCQ'],
    ['a key with padding', URL.replace(KEY, `${KEY}===`), 'invalid-key', '"AM5FCQ'],
    ['a key off the curve', `enrtree://${bad33}@example.org`, 'invalid-key', `"${bad33.slice(0, 9)}`],
    ['unused bits after the key', URL.replace(/2@/, '3@'), 'invalid-key', '"AM5FCQ'],
    ['no domain', `enrtree://${KEY}@`, 'invalid-domain', '""'],
    ['an empty label', `enrtree://${KEY}@a..b`, 'invalid-domain', '"a..b"'],
    ['a single dot', `enrtree://${KEY}@.`, 'invalid-domain', '"."'],
    ['a path', `${URL}/x`, 'invalid-domain', '"nodes.example.org/x"'],
    ['a port', `${URL}:53`, 'invalid-domain', '"nodes.example.org:53"'],
    ['another @', `enrtree://${KEY}@a@b`, 'invalid-domain', '"a@b"'],
    ['a space', `${URL} `, 'invalid-domain', '"nodes.example.org "'],
    ['a line break', `${URL}\n`, 'invalid-domain', '"nodes.example.org\\n"'],
    ['a letter that is not ASCII', `enrtree://${KEY}@bücher.example`, 'invalid-domain', '"bücher.example"'],
    ['a hyphen at the edge', `enrtree://${KEY}@-a.org`, 'invalid-domain', '"-a.org"'],
    ['a label of 64', `enrtree://${KEY}@${label}a.org`, 'invalid-domain', `"${'a'.repeat(48)}"…`],
    ['a domain of 201', `enrtree://${KEY}@${label}.${label}.${label}.abcdefghi`, 'invalid-domain', '"aaa'],
    ['10,000 characters', `enrtree://${'A'.repeat(9999)}`, 'too-large', '"enrtree://AAAA'],
  ])('are refused with %s, which is quoted', (_, url, code, part) => {
    const error = refusal(() => parseTreeUrl(url));
    expect(error.code).toBe(code);
    expect(error.message).toContain(part);
    expect(error.message.length).toBeLessThan(200);
  });

  test('are not formatted from invalid values', () => {
    const { publicKey } = parseTreeUrl(URL);
    expect(refusal(() => formatTreeUrl({ publicKey, domain: 'a b' })).code).toBe('invalid-domain');
    expect(() => formatTreeUrl({ publicKey: publicKey.slice(1), domain: 'a.b' })).toThrow();
  });
});

describe('D4-23 roots', () => {
  const publicKey = nobleCrypto.secp256k1.publicKey(key(7));
  const content = { enrRoot: HASH, linkRoot: 'C7HRFPF3BLGF3YR4DY5KX3SMBE', seq: 3n };

  test('have a signature over all other fields', () => {
    const root = signRoot(content, key(7));
    expect(verifyRoot(root, publicKey)).toBe(true);
    expect(verifyRoot(root, nobleCrypto.secp256k1.publicKey(key(8)))).toBe(false);
    for (const change of [{ seq: 4n }, { enrRoot: content.linkRoot }, { linkRoot: HASH }]) {
      expect(verifyRoot({ ...root, ...change }, publicKey)).toBe(false);
    }
  });

  test('are invalid with any bit of the signature changed, except those of the recovery id', () => {
    const root = signRoot(content, key(7));
    for (let bit = 0; bit < 65 * 8; bit += 7) {
      const signature = root.signature.slice();
      signature[bit >> 3] = (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(verifyRoot({ ...root, signature }, publicKey), `bit ${bit}`).toBe(bit >= 64 * 8);
    }
  });

  test.each([0n, 2n ** 53n, 2n ** 64n - 1n])('have the sequence number %d', (seq) => {
    const root = signRoot({ ...content, seq }, key(7));
    expect(parseRoot(formatRoot(root))).toEqual(root);
  });

  const sig = ROOT.slice(ROOT.indexOf('sig='));
  const short = base64urlnopad.encode(new Uint8Array(64));
  const hash = (bytes: number): string => base32nopad.encode(new Uint8Array(bytes));
  const text = ({ e = HASH, l = HASH, seq = '1', s = sig }): string => `enrtree-root:v1 e=${e} l=${l} seq=${seq} ${s}`;
  test.each<[string, string, DnsdiscErrorCode, string]>([
    ['another version', ROOT.replace('v1', 'v2'), 'malformed', '"enrtree-root:v2 e='],
    ['a further field', `${ROOT} x=1`, 'malformed', '"enrtree-root'],
    ['a trailing line break', `${ROOT}\n`, 'invalid-signature', '"o908Wm'],
    ['two spaces', ROOT.replace(' l=', '  l='), 'malformed', '"enrtree-root'],
    ['another order', text({ e: `${HASH} seq=1` }), 'malformed', '"enrtree-root'],
    ['no hash', text({ e: '' }), 'invalid-hash', '""'],
    ['a hash of 11 bytes', text({ e: hash(11) }), 'invalid-hash', '"AAAAAA'],
    ['a hash of 33 bytes', text({ l: hash(33) }), 'invalid-hash', '"AAAAAA'],
    ['a hash in lower case', text({ l: HASH.toLowerCase() }), 'invalid-hash', '"jwxydb'],
    ['unused bits after a hash', text({ l: HASH.replace(/4$/, '5') }), 'invalid-hash', '"JWXYDB'],
    ['an empty number', text({ seq: '' }), 'invalid-seq', '""'],
    ['a leading zero', text({ seq: '01' }), 'invalid-seq', '"01"'],
    ['a sign', text({ seq: '-1' }), 'invalid-seq', '"-1"'],
    ['hex', text({ seq: '0x10' }), 'invalid-seq', '"0x10"'],
    ['65 bits', text({ seq: String(2n ** 64n) }), 'invalid-seq', '18446744073709551616'],
    ['a long number', text({ seq: '9'.repeat(100) }), 'invalid-seq', '"9999'],
    ['no signature', text({ s: 'sig=' }), 'invalid-signature', '""'],
    ['a signature of 64 bytes', text({ s: `sig=${short}` }), 'invalid-signature', '"AAAA'],
    ['base64 with padding', `${ROOT}=`, 'invalid-signature', '"o908Wm'],
    ['base64 with the standard alphabet', ROOT.replace('__', '//'), 'invalid-signature', '"o908Wm'],
    ['10,000 characters', `${ROOT}${'A'.repeat(9999)}`, 'too-large', '"enrtree-root'],
  ])('are refused with %s', (_, root, code, part) => {
    const error = refusal(() => parseRoot(root));
    expect(error.code).toBe(code);
    expect(error.message).toContain(part);
    expect(error.message.length).toBeLessThan(200);
  });

  test('HX-20 are refused when truncated, at any length', () => {
    for (let length = 0; length < ROOT.length; length++) {
      expect(() => parseRoot(ROOT.slice(0, length)), `${length}`).toThrow(DnsdiscError);
    }
  });

  test('accept hashes of 12 to 32 bytes', () => {
    for (const bytes of [12, 20, 32]) {
      expect(parseRoot(text({ e: hash(bytes) })).enrRoot).toBe(hash(bytes));
    }
  });
});

describe('D4-23 entries', () => {
  test('a branch has zero or more children', () => {
    const two = ENTRIES[HASH].slice(0, -27);
    expect(parseEntry('enrtree-branch:')).toEqual({ type: 'branch', children: [] });
    expect(parseEntry(two)).toEqual({ type: 'branch', children: two.slice(15).split(',') });
  });

  test.each<[string, string, DnsdiscErrorCode, string]>([
    ['an empty child', `enrtree-branch:${HASH},`, 'invalid-hash', '""'],
    ['a space before a child', `enrtree-branch:${HASH}, ${HASH}`, 'invalid-hash', '" JWXY'],
    ['a child that is too short', 'enrtree-branch:AAAA', 'invalid-hash', '"AAAA"'],
    ['a root below a root', ROOT, 'unknown-entry', '"enrtree-root'],
    ['nothing', '', 'unknown-entry', '""'],
    ['another TXT record', 'v=spf1 -all', 'unknown-entry', '"v=spf1 -all"'],
    ['a link without a key', 'enrtree://example.org', 'invalid-domain', 'example.org'],
    ['an invalid record', 'enr:AAAA', 'invalid-record', '"enr:AAAA"'],
    ['more than 512 characters', `enrtree-branch:${`${HASH},`.repeat(19)}`, 'too-large', '528'],
  ])('are refused with %s', (_, text, code, part) => {
    const error = refusal(() => parseEntry(text));
    expect(error.code).toBe(code);
    expect(error.message).toContain(part);
    expect(error.message.length).toBeLessThan(200);
  });

  test('an invalid record is refused with the EnrError as the cause', () => {
    const text = formatEnr(records(1)[0] ?? expect.fail()).replace(/....$/, 'AAAA');
    const error = refusal(() => parseEntry(text));
    expect(error.code).toBe('invalid-record');
    expect(error.cause).toBeInstanceOf(EnrError);
  });

  test.each(Object.entries(ENTRIES))('HX-20 %s is refused or has another hash when truncated', (name, text) => {
    for (let length = 0; length < text.length; length++) {
      const cut = text.slice(0, length);
      expect(hashMatches(name, cut), `${length}`).toBe(false);
      try {
        // A truncated branch or domain may be valid, but has another hash.
        expect(['branch', 'link']).toContain(parseEntry(cut).type);
      } catch (error) {
        expect(error).toBeInstanceOf(DnsdiscError);
      }
    }
  });

  test('are distinguished from other TXT records by their prefix', () => {
    expect(looksLikeRoot(ROOT)).toBe(true);
    for (const text of Object.values(ENTRIES)) {
      expect([looksLikeRoot(text), looksLikeEntry(text)]).toEqual([false, true]);
    }
    for (const text of ['', 'v=spf1 -all', ' enr:', 'ENR:', 'enrtree-root:v2 e=']) {
      expect([looksLikeRoot(text), looksLikeEntry(text)]).toEqual([false, false]);
    }
  });
});
