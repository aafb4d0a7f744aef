import { RlpError } from '@devp2p/rlp';
import {
  type DisconnectReason,
  decodeDisconnect,
  encodeDisconnect,
} from '../../../packages/peer/src/wire/disconnect-reasons.ts';
import { decodeHello, encodeHello, maxHelloSize } from '../../../packages/peer/src/wire/hello.ts';
import { type Target, target } from '../target.ts';

const hello = encodeHello({
  version: 5,
  clientId: 'Geth/v1.17.10-stable/linux-amd64/go1.25',
  capabilities: [
    { name: 'eth', version: 70 },
    { name: 'eth', version: 69 },
    { name: 'snap', version: 1 },
  ],
  listenPort: 30303,
  id: new Uint8Array(64).fill(1),
});
const reasons: readonly DisconnectReason[] = ['requested', 'too-many-peers', 'subprotocol-error'];
const shortForms = ['', '04', 'c0', 'c104', 'c28004', '0100', '020441', '0204c104'];

export const peerTargets: readonly Target[] = [
  target({
    name: 'peer Hello',
    structure: 'rlp',
    corpus: [hello],
    // The errors of a message that the caller refuses as a whole.
    errors: [RlpError],
    decode: decodeHello,
    encode(value) {
      // A client id that is not UTF-8 grows as it becomes readable.
      const isLong = value.clientId.length > maxHelloSize / 3;
      return isLong ? undefined : encodeHello(value);
    },
  }),
  target({
    name: 'peer Disconnect',
    structure: 'bytes',
    corpus: [...reasons.map(encodeDisconnect), ...shortForms.map((hex) => Buffer.from(hex, 'hex'))],
    errors: [],
    decode: decodeDisconnect,
    encode: (reason) => reason && encodeDisconnect(reason),
  }),
];
