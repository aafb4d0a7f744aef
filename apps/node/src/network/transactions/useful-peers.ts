import type { Clock } from '@devp2p/clock';
import type { EthPeer, TransactionGossip } from '@devp2p/eth';
import type { NodePeer, Peers } from '../peers.ts';

/** Time in ms for which a choice is kept: the connection manager asks for each of its connections in one turn. */
const validity = 1000;

/**
 * Chooses the peers that are kept when others are rotated: of dialed and of accepted ones the tenth that was the first to
 * deliver the most transactions of recent and of final blocks.
 */
export function chooseUsefulPeers(
  peers: Pick<Peers, 'list'>,
  transactions: Pick<TransactionGossip, 'mostUseful'> | undefined,
  clock: Pick<Clock, 'monotonic'>,
): (peer: NodePeer) => boolean {
  let useful: ReadonlySet<EthPeer> = new Set();
  let until = Number.NEGATIVE_INFINITY;
  return ({ eth }) => {
    if (transactions === undefined) return false;
    const now = clock.monotonic();
    if (now >= until) {
      until = now + validity;
      const all = peers.list();
      const sides = [all.filter(({ inbound }) => inbound), all.filter(({ inbound }) => !inbound)];
      useful = new Set(sides.flatMap((side) => [...transactions.mostUseful(side.map((peer) => peer.eth))]));
    }
    return useful.has(eth);
  };
}
