import { fromHex } from '@devp2p/bytes';

/** The root of an empty trie, keccak-256 of 0x80: no transactions, receipts or withdrawals. */
export const emptyTrieRoot: Uint8Array = fromHex('56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421');

/** keccak-256 of an empty RLP list: no uncles, no block accesses. */
export const emptyListHash: Uint8Array = fromHex('1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347');

/** SHA-256 of the empty string: no requests (EIP-7685). */
export const emptyRequestsHash: Uint8Array = fromHex(
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
);
