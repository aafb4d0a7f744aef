import { toHex } from '@devp2p/bytes';
import { fastCrypto } from '@devp2p/crypto/fast';
import { nodeIdHash } from '@devp2p/enr';

/** The id of a node in `status`, in `admin` and in the log, as go-ethereum has it: of its hash the first 8 bytes, as hex. */
export function shortId(publicKey: Uint8Array): string {
  return toHex(nodeIdHash(publicKey, { crypto: fastCrypto }).subarray(0, 8));
}
