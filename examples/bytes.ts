// Hex, comparison and concatenation of byte arrays.
import { concatBytes, equalBytes, fromHex, toHex } from '@devp2p/bytes';

const hash = fromHex('d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3');
const packet = concatBytes(hash, Uint8Array.of(1, 2, 3));

console.log(toHex(packet.subarray(32))); // 010203
console.log(equalBytes(packet.subarray(0, 32), hash)); // true

try {
  fromHex('0x00');
} catch (error) {
  if (error instanceof SyntaxError) console.log(error.message); // byte 0 is not two hex digits
}
