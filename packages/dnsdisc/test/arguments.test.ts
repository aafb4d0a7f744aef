import { generatePrivateKey, nobleCrypto } from '@devp2p/crypto';
import { signEnr } from '@devp2p/enr';
import { expect, test } from 'vitest';
import { createDnsClient, createDnsResolver, formatTreeUrl, makeTree, parseTreeUrl, txtStrings } from '../src/index.ts';

/** Bypasses the compiler, as a program without types does. */
// biome-ignore lint/suspicious/noExplicitAny: the compiler refuses the values that are tested here
const any = (value: unknown): any => value;
const privateKey = generatePrivateKey();
const publicKey = nobleCrypto.secp256k1.publicKey(privateKey);
const options = { seq: 1n, privateKey };
const enr = signEnr({}, privateKey);
const url = formatTreeUrl({ publicKey, domain: 'nodes.example.org' });
const client = createDnsClient();

test.each<[string, () => unknown, string]>([
  ['a number as URL', () => parseTreeUrl(any(5)), 'url is 5, expected a string'],
  [
    'options of null',
    () => parseTreeUrl(url, any(null)),
    'the options argument of parseTreeUrl is null, expected an object',
  ],
  [
    'a Crypto object as options',
    () => formatTreeUrl({ publicKey, domain: 'x.org' }, any({ keccak256: () => {} })),
    'formatTreeUrl has no option "keccak256", known options: crypto',
  ],
  ['no tree', () => formatTreeUrl(any(undefined)), 'tree is undefined, expected an object'],
  [
    'a key in hex',
    () => formatTreeUrl({ publicKey: any('ab'), domain: 'x.org' }),
    'tree.publicKey is "ab", expected a Uint8Array of 64 bytes',
  ],
  ['no domain', () => formatTreeUrl(any({ publicKey })), 'tree.domain is undefined, expected a string'],
  [
    'a record instead of a list',
    () => makeTree(any(enr), [], options),
    'records is an object, expected an array or another iterable',
  ],
  ['a record as text', () => makeTree([enr, any('enr:')], [], options), 'records[1] is "enr:", expected an object'],
  ['a link instead of a list', () => makeTree([], any(url), options), 'expected an array or another iterable'],
  ['a link of another type', () => makeTree([], [any(5)], options), 'url is 5, expected a string'],
  ['a number as text', () => txtStrings(any(5)), 'text is 5, expected a string'],
  ['no lists', () => client.randomNodes(any(undefined)), 'urls[0] is undefined, expected a string'],
  ['a number among lists', () => client.randomNodes([url, any(5)]), 'urls[1] is 5, expected a'],
  [
    'a number as signal',
    () => client.randomNodes(url, { signal: any(5000) }),
    'signal is 5000, expected an AbortSignal',
  ],
  [
    'a misspelt option',
    () => client.randomNodes(url, any({ signa: undefined })),
    'randomNodes has no option "signa" (did you mean "signal"?), known options: signal',
  ],
  ['a server as number', () => createDnsResolver({ servers: [any(5)] }), 'servers[0] is 5, expected a'],
])('%s is refused at the call', (_, call, text) => {
  const message = expect.stringContaining(text);
  const refusal = { name: 'DnsdiscError', code: 'invalid-option', message };
  expect(call).toThrow(expect.objectContaining(refusal));
});
