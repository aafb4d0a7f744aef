import type { AccountSummary } from '../state/interfaces.ts';

/** Addresses and accounts of one request, in a buffer each: thousands of objects would take longer to copy than to read. */

const addressLength = 20;
/** Flags, nonce and balance. */
const accountLength = 1 + 8 + 32;
const exists = 1;
const hasCodeFlag = 2;

export function encodeAddresses(addresses: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(addresses.length * addressLength);
  for (const [i, address] of addresses.entries()) bytes.set(address, i * addressLength);
  return bytes;
}

/** @param read reads one account; it is given a view, which it does not keep */
export function encodeAccounts(
  addresses: Uint8Array,
  read: (address: Uint8Array) => AccountSummary | undefined,
): Uint8Array<ArrayBuffer> {
  const count = addresses.length / addressLength;
  const bytes = new Uint8Array(count * accountLength);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) {
    const account = read(addresses.subarray(i * addressLength, (i + 1) * addressLength));
    if (account === undefined) continue;
    const start = i * accountLength;
    bytes[start] = exists | (account.hasCode ? hasCodeFlag : 0);
    view.setBigUint64(start + 1, account.nonce);
    let rest = account.balance;
    for (let at = start + accountLength - 8; rest > 0n; at -= 8, rest >>= 64n) view.setBigUint64(at, rest);
  }
  return bytes;
}

export function decodeAccounts(bytes: Uint8Array): (AccountSummary | undefined)[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / accountLength }, (_, i) => {
    const start = i * accountLength;
    const flags = bytes[start] as number;
    if ((flags & exists) === 0) return undefined;
    let balance = 0n;
    for (let at = start + 9; at < start + accountLength; at += 8) {
      const word = view.getBigUint64(at);
      balance = balance === 0n ? word : (balance << 64n) | word;
    }
    return { nonce: view.getBigUint64(start + 1), balance, hasCode: (flags & hasCodeFlag) !== 0 };
  });
}
