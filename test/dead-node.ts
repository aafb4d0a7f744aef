const publicKey = [
  '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
  '483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8',
].join('');

/** A node with a valid key, on a port where no node listens. */
export const deadNode: string = `enode://${publicKey}@127.0.0.1:1`;
