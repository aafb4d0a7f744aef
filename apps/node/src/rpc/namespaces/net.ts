import { toQuantity } from '../codec/hex.ts';
import { method, type Namespace } from '../transport/api.ts';
import type { NodeControl } from './admin.ts';

/** `net_*`: public facts about the network. */
export function netNamespace(node: Pick<NodeControl, 'networkId' | 'peers'>): Namespace {
  return {
    methods: {
      version: method([], () => node.networkId.toString()),
      // The port is open whenever this method can be called.
      listening: method([], () => true),
      peerCount: method([], () => toQuantity(node.peers().length)),
    },
  };
}
