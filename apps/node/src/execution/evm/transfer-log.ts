import { fromHex } from '@devp2p/bytes';
import type { Log } from './evm.ts';
import { wordBytes } from './words.ts';

/** The address of the logs of transfers. */
const logAddress: Uint8Array = fromHex('fffffffffffffffffffffffffffffffffffffffe');
/** keccak-256 of `Transfer(address,address,uint256)`. */
const transferTopic: Uint8Array = fromHex('ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef');

/** The log of a transfer of value to another account, from Amsterdam on (EIP-7708). */
export function transferLog(from: Uint8Array, to: Uint8Array, value: bigint): Log {
  return { address: logAddress, topics: [transferTopic, padded(from), padded(to)], data: wordBytes(value) };
}

function padded(address: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(32);
  bytes.set(address, 12);
  return bytes;
}
