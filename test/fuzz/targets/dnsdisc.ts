import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { DnsdiscError, formatTreeUrl, makeTree, parseTreeUrl } from '@devp2p/dnsdisc';
import { signEnr } from '@devp2p/enr';
import {
  formatEntry,
  formatRoot,
  parseEntry,
  parseRoot,
  verifyRoot,
} from '../../../packages/dnsdisc/src/tree/entry.ts';
import { type Target, target } from '../target.ts';
import { privateKey } from './enr.ts';

const records = [1, 2, 3].map((n) => signEnr({ ip: `192.0.2.${n}`, udp: n }, new Uint8Array(32).fill(n), { crypto }));
const publicKey = crypto.secp256k1.publicKey(privateKey);
const url = formatTreeUrl({ publicKey, domain: 'nodes.example.org' }, { crypto });
const { root, entries } = makeTree(records, [url], { seq: 2n ** 64n - 1n, privateKey, crypto });
const words = ['enrtree://', 'enrtree-root:v1', 'enrtree-branch:', 'enr:', 'seq=', '@', ',', '.', ' '];
const options = { crypto };

export const dnsdiscTargets: readonly Target[] = [
  target({
    name: 'dnsdisc root',
    structure: 'text',
    words,
    corpus: [root],
    errors: [DnsdiscError],
    decode: (input: string) => parseRoot(input),
    encode: formatRoot,
    isCanonical: true,
    check: (value) => void verifyRoot(value, publicKey, options),
  }),
  target({
    name: 'dnsdisc entry',
    structure: 'text',
    words,
    corpus: [...entries.values(), 'enrtree-branch:'],
    errors: [DnsdiscError],
    decode: (input: string) => parseEntry(input, options),
    encode: (entry) => formatEntry(entry, options),
  }),
  target({
    name: 'dnsdisc tree URL',
    structure: 'text',
    words,
    corpus: [url, url.toUpperCase().replace('ENRTREE', 'enrtree')],
    errors: [DnsdiscError],
    decode: (input: string) => parseTreeUrl(input, options),
    encode: (value) => formatTreeUrl(value, options),
  }),
];
