import { fromHex } from '@devp2p/bytes';
import type { Log } from '../evm/evm.ts';
import { systemAddress } from './system-contracts.ts';

/** keccak-256 of `Transfer(address,address,uint256)`. */
const transferTopic: Uint8Array = fromHex('ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef');

/** The log of a transfer of value to another account, from Amsterdam on (EIP-7708). */
export function transferLog(from: Uint8Array, to: Uint8Array, value: bigint): Log {
  const topics = [transferTopic, word(from), word(to)];
  return { address: systemAddress, topics, data: Buffer.from(value.toString(16).padStart(64, '0'), 'hex') };
}

function word(address: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(32);
  bytes.set(address, 12);
  return bytes;
}
