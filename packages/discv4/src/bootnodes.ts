import type { Crypto } from '@devp2p/crypto';
import { type Enode, parseEnode, parseEnr, parseIp } from '@devp2p/enr';
import { Discv4Error } from './error.ts';
import { type Node, nodeFromContact, nodeFromEnr } from './node.ts';

/** What {@link Bootnodes} is made with. */
export interface BootnodesOptions {
  readonly crypto: Crypto;
  readonly resolveHost: ((host: string) => Promise<string>) | undefined;
  readonly onUnresolved: (host: string, error: unknown) => void;
}

/** The nodes that a user begins with. */
export class Bootnodes {
  readonly #options: BootnodesOptions;
  readonly #nodes: Node[] = [];
  #unresolved: Enode[] = [];

  /** @throws EnodeError, EnrError, Discv4Error `no-endpoint`: a person has typed these, so that all must be right. */
  constructor(bootnodes: readonly (string | Enode)[], options: BootnodesOptions) {
    this.#options = options;
    const { crypto } = options;
    for (const bootnode of bootnodes) {
      if (typeof bootnode === 'string' && bootnode.startsWith('enr:')) {
        const node = nodeFromEnr(parseEnr(bootnode, { crypto }), crypto);
        if (!node) throw new Discv4Error('no-endpoint', `${bootnode} has no address and UDP port`);
        this.#nodes.push(node);
        continue;
      }
      const enode =
        typeof bootnode === 'string'
          ? parseEnode(bootnode, { allowHostname: true, crypto })
          : bootnode;
      if (parseIp(enode.host)) this.#nodes.push(nodeFromContact(enode, crypto));
      else this.#unresolved.push(enode);
    }
  }

  /** Those whose address is known. */
  get known(): readonly Node[] {
    return this.#nodes;
  }

  /** All whose address is known, or can be found out now. */
  async nodes(): Promise<readonly Node[]> {
    const { crypto, resolveHost, onUnresolved } = this.#options;
    const names = this.#unresolved;
    this.#unresolved = [];
    const resolve = async (enode: Enode): Promise<void> => {
      try {
        if (!resolveHost) throw new Discv4Error('no-endpoint', 'there is no resolveHost');
        const host = await resolveHost(enode.host);
        this.#nodes.push(nodeFromContact({ ...enode, host }, crypto));
      } catch (error) {
        this.#unresolved.push(enode);
        onUnresolved(enode.host, error);
      }
    };
    await Promise.all(names.map(resolve));
    return this.#nodes;
  }
}
