/** The code of a delegated account: these bytes, then the address whose code it runs (EIP-7702). */
const prefix = [0xef, 0x01, 0x00] as const;
const delegationLength = 23;

/** The address that a code delegates to (EIP-7702); `undefined` for other code. */
export function delegationTarget(code: Uint8Array): Uint8Array | undefined {
  if (code.length !== delegationLength || prefix.some((byte, i) => code[i] !== byte)) return undefined;
  return code.subarray(prefix.length);
}

/** Makes the code of an account that delegates to an address. */
export function delegationTo(address: Uint8Array): Uint8Array {
  const code = new Uint8Array(delegationLength);
  code.set(prefix);
  code.set(address, prefix.length);
  return code;
}
