import type { Node } from '@devp2p/discv4';
import { isLan, parseIp, toHex } from '@devp2p/enr';
import type { Located, Source } from '../model/named-node.ts';

/** Neighbours at the address of who names them, from which on most of them being there is no accident. */
const crowd = 8;

/** The neighbours that one node names in the course of a visit. */
export class Neighbours {
  readonly #source: Source;
  readonly #ours: string;
  readonly #isPublic: boolean;
  readonly #ids = new Map<string, Uint8Array>();
  #shared = 0;

  /** @param localId - our own id, which does not count. */
  constructor(source: Source, localId: Uint8Array) {
    this.#source = source;
    this.#ours = toHex(localId);
    const ip = parseIp(source.ip);
    this.#isPublic = ip !== undefined && !isLan(ip);
  }

  /** All ids, each once. */
  get ids(): readonly Uint8Array[] {
    return [...this.#ids.values()];
  }

  /** Whether most of them have the address of the one that names them. */
  get shareAddress(): boolean {
    return this.#shared >= crowd && this.#shared * 2 > this.#ids.size;
  }

  /** Takes an answer; returns those in it that may be believed. */
  take(nodes: readonly Node[]): Located[] {
    const { ip, key: self } = this.#source;
    const others = nodes.filter(({ key }) => key !== self && key !== this.#ours);
    for (const { key, id, host } of others) {
      if (this.#ids.has(key)) continue;
      this.#ids.set(key, id);
      if (this.#isPublic && host === ip) this.#shared++;
    }
    return others
      .filter(({ host }) => !(this.shareAddress && host === ip))
      .map(({ key, id, host, udp, tcp }) => ({ key, id, endpoint: { ip: host, udp, tcp } }));
  }
}
