import { concatBytes } from '@devp2p/bytes';
import { hashKey } from './hash-key.ts';
import { type SipKey, SipState } from './sip-hash.ts';

/** Senders whose receivers are remembered. */
const maxSenders = 1024;

/**
 * Chooses the peers to which transactions are sent whole: of n peers the ⌈√n⌉ with the lowest hash of own id, peer id and
 * sender. All transactions of a sender go to the same peers, in their order; the key keeps the choice unforeseeable.
 */
export class ReceiverChoice<Peer> {
  readonly #key: SipKey;
  readonly #ownId: Uint8Array;
  readonly #states = new Map<Peer, SipState>();
  readonly #chosen = new Map<string, ReadonlySet<Peer>>();

  /**
   * @param key 16 random bytes
   * @param ownId 64 bytes
   */
  constructor(key: SipKey, ownId: Uint8Array) {
    this.#key = key;
    this.#ownId = ownId;
  }

  /** @param id of the peer, 64 bytes */
  add(peer: Peer, id: Uint8Array): void {
    this.#states.set(peer, SipState.of(this.#key, concatBytes(this.#ownId, id)));
    this.#chosen.clear();
  }

  remove(peer: Peer): void {
    this.#states.delete(peer);
    this.#chosen.clear();
  }

  /** @param sender address of 20 bytes */
  for(sender: Uint8Array): ReadonlySet<Peer> {
    const key = senderKey(sender);
    const known = this.#chosen.get(key);
    if (known !== undefined) return known;
    const count = Math.ceil(Math.sqrt(this.#states.size));
    const ranked = [...this.#states].map(([peer, state]) => ({ peer, rank: state.finish(sender) }));
    ranked.sort(({ rank: [a, b] }, { rank: [c, d] }) => a - c || b - d);
    const chosen = new Set(ranked.slice(0, count).map(({ peer }) => peer));
    const [oldest] = this.#chosen.keys();
    if (this.#chosen.size >= maxSenders && oldest !== undefined) this.#chosen.delete(oldest);
    this.#chosen.set(key, chosen);
    return chosen;
  }
}

function senderKey(sender: Uint8Array): string {
  const padded = new Uint8Array(32);
  padded.set(sender);
  return hashKey(padded);
}
