import { toHex } from '@devp2p/bytes';
import type { Node } from '@devp2p/discv4';
import { isLan, parseIp } from '@devp2p/ip';
import type { LocatedNode, Source } from '../model/reported-node.ts';

/** Number of neighbors at the source's own address from which a majority of them is suspicious. */
const minSharedAddresses = 8;

/** Collects the neighbors that one node reports during a visit. */
export class Neighbors {
  readonly #source: Source;
  readonly #localKey: string;
  readonly #isPublic: boolean;
  readonly #ids = new Map<string, Uint8Array>();
  #sharedCount = 0;

  /** @param localId our own id, which is ignored in responses */
  constructor(source: Source, localId: Uint8Array) {
    this.#source = source;
    this.#localKey = toHex(localId);
    const ip = parseIp(source.ip);
    this.#isPublic = ip !== undefined && !isLan(ip);
  }

  /** Ids of all neighbors, without duplicates. */
  get ids(): readonly Uint8Array[] {
    return [...this.#ids.values()];
  }

  /** Whether most of them have the address of the source. */
  get haveSharedAddress(): boolean {
    return this.#sharedCount >= minSharedAddresses && this.#sharedCount * 2 > this.#ids.size;
  }

  /** Adds a response. Returns its nodes, without those at a suspicious shared address. */
  add(nodes: readonly Node[]): LocatedNode[] {
    const { ip, key: sourceKey } = this.#source;
    const others = nodes.filter(({ key }) => key !== sourceKey && key !== this.#localKey);
    for (const { key, id, host } of others) {
      if (this.#ids.has(key)) continue;
      this.#ids.set(key, id);
      if (this.#isPublic && host === ip) this.#sharedCount++;
    }
    return others
      .filter(({ host }) => !(this.haveSharedAddress && host === ip))
      .map(({ key, id, host, udp, tcp }) => ({ key, id, endpoint: { ip: host, udp, tcp } }));
  }
}
