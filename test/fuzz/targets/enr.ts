import { toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import {
  decodeEnr,
  EnodeError,
  type Enr,
  EnrError,
  enodeFromEnr,
  formatEnode,
  formatEnr,
  parseEnode,
  parseEnr,
  signEnr,
} from '@devp2p/enr';
import { bytes, decode, encode, list, RlpError, raw } from '@devp2p/rlp';
import { mutateText } from '../mutate.ts';
import { type Target, target } from '../target.ts';

export const privateKey: Uint8Array = new Uint8Array(32).fill(5);
const items = list(raw);

const records = [
  signEnr({}, privateKey, { crypto }),
  signEnr({ ip: '192.0.2.1', tcp: 30303, udp: 30304 }, privateKey, { crypto, seq: 2n ** 63n }),
  signEnr(
    {
      ip: '192.0.2.1',
      ip6: '2001:db8::1',
      tcp6: 1,
      udp6: 65535,
      udp: 9,
      eth: { hash: Uint8Array.of(1, 2, 3, 4), next: 2n ** 63n },
      pairs: { snap: Uint8Array.of(0xc0), zz: Uint8Array.of(0x82, 0xff, 0xff) },
    },
    privateKey,
    { crypto },
  ),
];

/** A record without its signature: `[seq, key, value, …]`. */
const contentOf = ({ bytes: record }: Enr): Uint8Array => encode(items, decode(items, record).slice(1));

/** Signs a content that may be invalid for a record. */
function sealRecord(content: Uint8Array): Uint8Array {
  const signature = crypto.secp256k1.sign(crypto.keccak256(content), privateKey).slice(0, 64);
  try {
    return encode(items, [encode(bytes(), signature), ...decode(items, content)]);
  } catch (error) {
    if (error instanceof RlpError) return content;
    throw error;
  }
}

/** Calls all methods of a record. */
function look(enr: Enr): void {
  void [enr.ip, enr.tcp, enr.udp, enr.ip6, enr.tcp6, enr.udp6, enr.eth, enr.id.length];
  enodeFromEnr(enr);
}

const id = toHex(crypto.secp256k1.publicKey(privateKey));
export const urls: readonly string[] = [
  `enode://${id}@192.0.2.1:30303`,
  `enode://${id}@[2001:db8::1]:30303?discport=0`,
  `enode://${id.toUpperCase()}@192.0.2.255:1?discport=65535`,
];
const textWords = ['enr:', 'enode://', '@', ':', '?discport=', '=', '-', '_', '[', ']', '%', '.'];

export const enrTargets: readonly Target[] = [
  target({
    name: 'enr',
    structure: 'rlp',
    corpus: records.map(contentOf),
    seal: sealRecord,
    errors: [EnrError],
    decode: (input) => decodeEnr(input, { crypto }),
    encode: (enr) => enr.bytes,
    isCanonical: true,
    check: look,
  }),
  target({
    name: 'enr text',
    structure: 'rlp',
    corpus: records.map(contentOf),
    seal(content, random) {
      const text = `enr:${Buffer.from(sealRecord(content)).toString('base64url')}`;
      return random.oneIn(2) ? mutateText(text, textWords, random) : text;
    },
    errors: [EnrError],
    decode: (input: string) => parseEnr(input, { crypto }),
    encode: (enr) => formatEnr(enr),
    isCanonical: true,
    check: look,
  }),
  target({
    name: 'enode URL',
    structure: 'text',
    words: textWords,
    corpus: urls,
    errors: [EnodeError],
    decode: (input: string) => parseEnode(input, { crypto }),
    encode: formatEnode,
  }),
];
