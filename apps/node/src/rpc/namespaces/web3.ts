import type { Crypto } from '@devp2p/crypto';
import { data, parameter, toData } from '../codec/hex.ts';
import { method, type Namespace } from '../transport/api.ts';
import type { NodeControl } from './admin.ts';

/** `web3_*` */
export function web3Namespace(node: Pick<NodeControl, 'clientId'>, crypto: Crypto): Namespace {
  return {
    methods: {
      clientVersion: method([], () => node.clientId),
      sha3: method([parameter(data())], (bytes) => toData(crypto.keccak256(bytes))),
    },
  };
}
