import { nobleCrypto as crypto } from '@devp2p/crypto';
import { expect, test } from 'vitest';
import {
  decodeEnr,
  EnodeError,
  EnrError,
  enodeFromEnr,
  enrContentFromEnode,
  formatEnode,
  formatEnr,
  parseEnode,
  parseEnr,
  signEnr,
  updateEnr,
} from '../src/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: the compiler refuses these values
const any = (value: unknown): any => value;

const privateKey = new Uint8Array(32).fill(1);
const enr = signEnr({ ip: '192.0.2.1', udp: 30303 }, privateKey);
const enode = { id: crypto.secp256k1.publicKey(privateKey), host: '192.0.2.1', tcp: 1, udp: 2 };
const entries = 'known options: ip, tcp, udp, ip6, tcp6, udp6, eth, pairs';

test.each<[string, () => unknown, string]>([
  ['no content', () => signEnr(any(undefined), privateKey), 'content is undefined, expected an object'],
  [
    'a misspelt entry',
    () => signEnr(any({ ip4: '192.0.2.1' }), privateKey),
    `content has no option "ip4" (did you mean "ip"?), ${entries}`,
  ],
  [
    'an entry beside pairs',
    () => updateEnr(enr, any({ les: new Uint8Array() }), privateKey),
    `content has no option "les", ${entries}`,
  ],
  ['pairs as text', () => signEnr({ pairs: any('les') }, privateKey), 'pairs is "les", expected an object'],
  [
    'a sequence number for options',
    () => signEnr({}, privateKey, any(5n)),
    'the options argument of signEnr is 5n, expected an object',
  ],
  [
    'a misspelt option',
    () => signEnr({}, privateKey, any({ sequence: 5n })),
    'signEnr has no option "sequence", known options: crypto, seq, publicKey',
  ],
  [
    'a public key as hex',
    () => signEnr({}, privateKey, { publicKey: any('ab') }),
    'publicKey is "ab", expected a Uint8Array of 64 bytes',
  ],
  [
    'a text for a record',
    () => updateEnr(any(formatEnr(enr)), {}, privateKey),
    expect.stringMatching(/^enr is "enr:.*…", expected an object$/),
  ],
  ['bytes for a text', () => parseEnr(any(enr.bytes)), 'text is a Uint8Array of 134 bytes, expected a string'],
  ['a text for bytes', () => decodeEnr(any('enr:')), 'bytes is "enr:", expected a Uint8Array'],
  [
    'a switch for options',
    () => decodeEnr(enr.bytes, any(true)),
    'the options argument of decodeEnr is true, expected an object',
  ],
  [
    'half an implementation',
    () => parseEnr(formatEnr(enr), { crypto: any({}) }),
    'crypto is an object, expected an object with the method keccak256',
  ],
  [
    'a misspelt option of decodeEnr',
    () => decodeEnr(enr.bytes, any({ Crypto: {} })),
    'decodeEnr has no option "Crypto" (did you mean "crypto"?), known options: crypto',
  ],
  [
    'a misspelt option of parseEnr',
    () => parseEnr(formatEnr(enr), any({ Crypto: {} })),
    'parseEnr has no option "Crypto" (did you mean "crypto"?), known options: crypto',
  ],
  ['no record to write', () => formatEnr(any(undefined)), 'enr is undefined, expected an object'],
  ['bytes of no record', () => formatEnr(any({})), 'enr.bytes is undefined, expected a Uint8Array'],
  ['no record to look into', () => enodeFromEnr(any(undefined)), 'enr is undefined, expected an object'],
  ['a family that there is not', () => enodeFromEnr(enr, { family: any('ipv4') }), 'family is "ipv4", expected 4 or 6'],
  ['a URL for an enode', () => enrContentFromEnode(any('enode://')), 'node is "enode://", expected an object'],
])('%s', (_, call, message) => {
  const refusal = { name: 'EnrError', code: 'invalid-option', message };
  expect(call).toThrow(expect.objectContaining(refusal));
  expect(call).toThrow(EnrError);
});

test.each<[string, () => unknown, string]>([
  ['a number for a URL', () => parseEnode(any(5)), 'url is 5, expected a string'],
  ['a URL object', () => parseEnode(any(new URL('enode://x'))), 'url is an object, expected a string'],
  [
    'a misspelt option',
    () => parseEnode('enode://', any({ allowHostName: true })),
    'parseEnode has no option "allowHostName" (did you mean "allowHostname"?), known options: crypto, allowHostname',
  ],
  [
    'a word for a switch',
    () => parseEnode('enode://', { allowHostname: any('yes') }),
    'allowHostname is "yes", expected true or false',
  ],
  ['no enode to write', () => formatEnode(any(undefined)), 'node is undefined, expected an object'],
  ['an id as hex', () => formatEnode({ ...enode, id: any('ab') }), 'node.id is "ab", expected a Uint8Array'],
  ['no host', () => formatEnode({ ...enode, host: any(undefined) }), 'node.host is undefined, expected a string'],
  [
    'a port as text',
    () => formatEnode({ ...enode, tcp: any('1') }),
    'node.tcp is "1", expected a port from 0 to 65535',
  ],
])('enode: %s', (_, call, message) => {
  const refusal = { name: 'EnodeError', code: 'invalid-option', message };
  expect(call).toThrow(expect.objectContaining(refusal));
  expect(call).toThrow(EnodeError);
});

test('values of a wrong type in a record have the code of their entry', () => {
  const refusal = expect.objectContaining({ name: 'EnrError', code: 'invalid-value' });
  for (const content of [
    { ip: 5 },
    { ip: null },
    { tcp: '30303' },
    { eth: { hash: 'ab', next: 0n } },
    { pairs: { les: 'c0' } },
  ]) {
    expect(() => signEnr(any(content), privateKey)).toThrow(refusal);
  }
  const seq = expect.objectContaining({ code: 'invalid-seq' });
  expect(() => signEnr({}, privateKey, { seq: any(1) })).toThrow(seq);
});
