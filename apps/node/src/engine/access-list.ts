import { Reader } from '@devp2p/rlp';

/** Reads an item. @throws RlpError */
type Read = (reader: Reader) => void;

const listOf =
  (read: Read): Read =>
  (reader) => {
    const end = reader.enterList();
    while (!reader.done) read(reader);
    reader.leave(end);
  };

const fields =
  (...reads: readonly Read[]): Read =>
  (reader) => {
    const end = reader.enterList();
    for (const read of reads) read(reader);
    reader.leave(end);
  };

const index: Read = (reader) => void reader.uint(2 ** 32 - 1);
const word: Read = (reader) => void reader.bigint(32);
const nonce: Read = (reader) => void reader.bigint(8);
const code: Read = (reader) => void reader.string();

/** Changes of an account: storage writes by slot, slots read, balances, nonces and codes (EIP-7928). */
const account = fields(
  (reader) => void reader.fixed(20),
  listOf(fields(word, listOf(fields(index, word)))),
  listOf(word),
  listOf(fields(index, word)),
  listOf(fields(index, nonce)),
  listOf(fields(index, code)),
);

/**
 * Checks the structure of a block access list.
 *
 * @throws RlpError when it is malformed
 */
export function checkAccessListForm(list: Uint8Array): void {
  const reader = new Reader(list);
  listOf(account)(reader);
  if (!reader.done) throw new Error(`${list.length - reader.position} bytes after the list`);
}
