/** The code of a delegated account: these bytes, then the address whose code it runs (EIP-7702). */
const prefix = [0xef, 0x01, 0x00] as const;
const prefixLength = 3;
const delegationLength = 23;

/** Whether a code is a delegation (EIP-7702). */
export function isDelegation(code: Uint8Array): boolean {
  return code.length === delegationLength && code[0] === prefix[0] && code[1] === prefix[1] && code[2] === prefix[2];
}

/** The address that a delegation names. */
export function delegationTarget(code: Uint8Array): Uint8Array {
  return code.subarray(prefixLength);
}

/** Makes the code of an account that delegates to `address`. */
export function delegationTo(address: Uint8Array): Uint8Array {
  const code = new Uint8Array(delegationLength);
  code.set(prefix);
  code.set(address, prefixLength);
  return code;
}
