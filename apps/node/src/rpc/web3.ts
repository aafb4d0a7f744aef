import type { Crypto } from '@devp2p/crypto';
import { fromHex, toHex } from '@devp2p/enr';
import type { NodeControl } from './admin.ts';
import { method, type Namespace } from './api.ts';

/** `web3_*` */
export function web3Namespace(node: Pick<NodeControl, 'clientId'>, crypto: Crypto): Namespace {
  return {
    methods: {
      clientVersion: method([], () => node.clientId),
      sha3: method([data], (bytes) => `0x${toHex(crypto.keccak256(bytes))}`),
    },
  };
}

function data(value: unknown): Uint8Array {
  if (typeof value !== 'string' || !/^0x(?:[0-9a-f]{2})*$/i.test(value)) {
    throw new Error('expected 0x and an even number of hex digits');
  }
  return fromHex(value.slice(2));
}
