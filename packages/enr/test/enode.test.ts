import { fromHex, toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { formatIp, parseIp } from '@devp2p/ip';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EnodeError, type EnodeErrorCode, formatEnode, parseEnode } from '../src/index.ts';
import networks from './vectors/bootnodes.json' with { type: 'json' };

const ID =
  'd860a01f9722d78051619d1e2351aba3f43f943f6f00718d1b9baa4101932a1f5011f16bb2b1bb35db20d6fe28fa0bf09636d26a87d31de9ec6203eeedb1f666';

function refusal(work: () => unknown): EnodeError {
  try {
    work();
  } catch (error) {
    if (error instanceof EnodeError) return error;
    throw error;
  }
  throw new Error('not refused');
}

describe('D4-17 enode URLs', () => {
  test.each(networks.bootnodes)('%s is parsed and formatted', (url) => {
    const node = parseEnode(url, { crypto: nobleCrypto });
    expect(node.udp).toBe(node.tcp);
    expect(formatEnode(node)).toBe(url);
  });

  test.each([
    ['127.0.0.1:30303', { host: '127.0.0.1', tcp: 30303, udp: 30303 }],
    ['10.3.58.6:30303?discport=30301', { host: '10.3.58.6', tcp: 30303, udp: 30301 }],
    ['10.3.58.6:30303?discport=0', { host: '10.3.58.6', tcp: 30303, udp: 0 }],
    ['10.3.58.6:0?discport=30301', { host: '10.3.58.6', tcp: 0, udp: 30301 }],
    ['[::1]:30303', { host: '::1', tcp: 30303, udp: 30303 }],
    ['[2001:DB8:0::5]:1?discport=2', { host: '2001:db8::5', tcp: 1, udp: 2 }],
    ['[::ffff:10.0.0.1]:30303', { host: '10.0.0.1', tcp: 30303, udp: 30303 }],
  ])('…@%s', (rest, endpoint) => {
    expect(parseEnode(`enode://${ID}@${rest}`)).toEqual({ id: fromHex(ID), ...endpoint });
    expect(parseEnode(`enode://${ID.toUpperCase()}@${rest}`)).toEqual(parseEnode(`enode://${ID}@${rest}`));
  });

  test.each(['localhost', 'geth_1', 'Boot-1.Example.ORG', '1.example', 'a'.repeat(63), 'xn--bcher-kva.example'])(
    'host name %s is accepted only if allowed',
    (name) => {
      const url = `enode://${ID}@${name}:30303`;
      expect(parseEnode(url, { allowHostname: true }).host).toBe(name.toLowerCase());
      expect(refusal(() => parseEnode(url)).code).toBe('invalid-host');
      expect(formatEnode(parseEnode(url, { allowHostname: true }))).toBe(url.replace(name, name.toLowerCase()));
    },
  );

  test.each<[string, EnodeErrorCode, string]>([
    ['', 'invalid-scheme', '""'],
    [`http://${ID}@127.0.0.1:30303`, 'invalid-scheme', '"http://'],
    [` enode://${ID}@127.0.0.1:30303`, 'invalid-scheme', '" enode'],
    [ID, 'invalid-scheme', ID.slice(0, 48)],
    [`enode://${ID}`, 'invalid-shape', ID.slice(0, 48)],
    [`enode://${ID}@[::1:30303`, 'invalid-host', '"["'],
    ['enode://@127.0.0.1:30303', 'invalid-id', '""'],
    [`enode://${ID.slice(2)}@127.0.0.1:30303`, 'invalid-id', ID.slice(2, 50)],
    [`enode://${ID}00@127.0.0.1:30303`, 'invalid-id', ID.slice(0, 48)],
    [`enode://0x${ID.slice(2)}@127.0.0.1:30303`, 'invalid-id', '"0x'],
    [`enode://user:pass${ID}@127.0.0.1:30303`, 'invalid-id', '"user:pass'],
    [`enode://${ID}@:30303`, 'invalid-host', '":30303"'],
    [`enode://${ID}@::1:30303`, 'invalid-host', '"::1:30303"'],
    [`enode://${ID}@[127.0.0.1]:30303`, 'invalid-host', '"[127.0.0.1]"'],
    [`enode://${ID}@[fe80::1%eth0]:30303`, 'invalid-host', '"[fe80::1%eth0]"'],
    [`enode://${ID}@[]:30303`, 'invalid-host', '"[]"'],
    [`enode://${ID}@127.0.0.01:30303`, 'invalid-host', '"127.0.0.01"'],
    [`enode://${ID}@127.1:30303`, 'invalid-host', '"127.1"'],
    [`enode://${ID}@0x7f000001:30303`, 'invalid-host', '"0x7f000001"'],
    [`enode://${ID}@a..b:30303`, 'invalid-host', '"a..b"'],
    [`enode://${ID}@-a:30303`, 'invalid-host', '"-a"'],
    [`enode://${ID}@a b:30303`, 'invalid-host', '"a b"'],
    [`enode://${ID}@bücher.example:30303`, 'invalid-host', '"bücher.example"'],
    [`enode://${ID}@${'a'.repeat(64)}:30303`, 'invalid-host', '"aaa'],
    [`enode://${ID}@evil@127.0.0.1:30303`, 'invalid-host', '"evil@127.0.0.1"'],
    [`enode://${ID}@127.0.0.1`, 'invalid-port', '"127.0.0.1"'],
    [`enode://${ID}@127.0.0.1:`, 'invalid-port', '""'],
    [`enode://${ID}@127.0.0.1:65536`, 'invalid-port', '"65536"'],
    [`enode://${ID}@127.0.0.1:-1`, 'invalid-port', '"-1"'],
    [`enode://${ID}@127.0.0.1:1e3`, 'invalid-port', '"1e3"'],
    [`enode://${ID}@127.0.0.1:30303:30303`, 'invalid-port', '"30303:30303"'],
    [`enode://${ID}@127.0.0.1:30303\n`, 'invalid-port', '"30303\\n"'],
    [`enode://${ID}@[::1]x:30303`, 'invalid-port', '"[::1]x:30303"'],
    [`enode://${ID}@127.0.0.1:30303?discport=`, 'invalid-discport', '""'],
    [`enode://${ID}@127.0.0.1:30303?discport=70000`, 'invalid-discport', '"70000"'],
    [`enode://${ID}@127.0.0.1:30303?discport=1&discport=2`, 'invalid-discport', '"1&discport=2"'],
    [`enode://${ID}@127.0.0.1:30303?discprt=1`, 'unexpected-part', '"?discprt=1"'],
    [`enode://${ID}@127.0.0.1:30303/path`, 'unexpected-part', '"/path"'],
    [`enode://${ID}@127.0.0.1:30303#x`, 'unexpected-part', '"#x"'],
    [`enode://${ID}@127.0.0.1:30303${'?'.repeat(10_000)}`, 'too-long', '"enode://'],
  ])('%.200s: %s', (url, code, quoted) => {
    const error = refusal(() => parseEnode(url, { allowHostname: true }));
    expect(error.code).toBe(code);
    expect(error.message).toContain(quoted);
    expect(error.message.length).toBeLessThan(200);
  });

  test('an id off the curve is refused with the option crypto', () => {
    const url = `enode://${ID.slice(0, -1)}7@127.0.0.1:30303`;
    expect(toHex(parseEnode(url).id)).toBe(`${ID.slice(0, -1)}7`);
    expect(refusal(() => parseEnode(url, { crypto: nobleCrypto })).code).toBe('invalid-id');
  });

  test('formatted URLs are parsed again', () => {
    const port = fc.nat(65535);
    const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/);
    const host = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), host, port, port, (id, host, tcp, udp) => {
        const url = formatEnode({ id, host, tcp, udp });
        const ip = parseIp(host);
        expect(parseEnode(url, { allowHostname: true })).toEqual({
          id,
          host: ip ? formatIp(ip) : host,
          tcp,
          udp,
        });
        expect(formatEnode(parseEnode(url, { allowHostname: true }))).toBe(url);
        expect(new URL(url).username).toBe(toHex(id));
      }),
      { numRuns: 300 },
    );
  });

  test('a node that cannot be a URL is refused', () => {
    const node = parseEnode(`enode://${ID}@127.0.0.1:30303`);
    const refused = (change: object): EnodeErrorCode => refusal(() => formatEnode({ ...node, ...change })).code;
    expect(refused({ id: node.id.subarray(1) })).toBe('invalid-id');
    expect(refused({ host: 'a/b' })).toBe('invalid-host');
    expect(refused({ host: '' })).toBe('invalid-host');
    expect(refused({ host: '[::1]' })).toBe('invalid-host');
    expect(refused({ tcp: 65536 })).toBe('invalid-port');
    expect(refused({ tcp: 1.5 })).toBe('invalid-port');
    expect(refused({ udp: -1 })).toBe('invalid-discport');
  });

  test('HX-19 any text is parsed or refused with an EnodeError', () => {
    const part = fc.oneof(
      fc.constantFrom('enode://', ID, '@', '[', ']', ':', '?discport=', '/', '::1', '127.0.0.1', '30303', 'host'),
      fc.string({ unit: 'binary', maxLength: 5 }),
    );
    const text = fc.oneof(
      fc.array(part, { maxLength: 9 }).map((parts) => parts.join('')),
      fc.array(part, { maxLength: 6 }).map((parts) => `enode://${ID}@${parts.join('')}`),
    );
    fc.assert(
      fc.property(text, fc.boolean(), (url, allowHostname) => {
        try {
          const node = parseEnode(url, { allowHostname });
          expect(parseEnode(formatEnode(node), { allowHostname })).toEqual(node);
        } catch (error) {
          expect(error).toBeInstanceOf(EnodeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
