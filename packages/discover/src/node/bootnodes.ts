import type { Crypto } from '@devp2p/crypto';
import { type Enode, parseEnode, parseEnr } from '@devp2p/enr';
import { parseIp } from '@devp2p/ip';
import { DiscoverError } from '../error.ts';
import { type Node, nodeFromContact, nodeFromEnr } from './node.ts';

/** Options of {@link Bootnodes}. */
export interface BootnodesOptions {
  readonly crypto: Crypto;
  readonly resolveHost: ((host: string) => Promise<string>) | undefined;
  /** Called when a host name cannot be resolved; the next call of `nodes` tries again. */
  readonly onUnresolved: (host: string, error: unknown) => void;
}

/** The configured boot nodes. */
export class Bootnodes {
  readonly #options: BootnodesOptions;
  readonly #nodes: Node[] = [];
  #unresolved: Enode[] = [];

  /** @throws EnodeError, EnrError, DiscoverError `no-endpoint`: one invalid boot node refuses the whole list */
  constructor(bootnodes: readonly (string | Enode)[], options: BootnodesOptions) {
    this.#options = options;
    const { crypto } = options;
    for (const bootnode of bootnodes) {
      if (typeof bootnode === 'string' && bootnode.startsWith('enr:')) {
        const node = nodeFromEnr(parseEnr(bootnode, { crypto }), crypto);
        if (!node) {
          throw new DiscoverError('no-endpoint', `${bootnode} has no IP address and UDP port`);
        }
        this.#nodes.push(node);
        continue;
      }
      const enode = typeof bootnode === 'string' ? parseEnode(bootnode, { allowHostname: true, crypto }) : bootnode;
      if (parseIp(enode.host)) this.#nodes.push(nodeFromContact(enode, crypto));
      else this.#unresolved.push(enode);
    }
  }

  /** Boot nodes with a known IP address. */
  get known(): readonly Node[] {
    return this.#nodes;
  }

  /** Resolves the remaining host names, and returns all boot nodes with an IP address. */
  async nodes(): Promise<readonly Node[]> {
    const { crypto, resolveHost, onUnresolved } = this.#options;
    const enodes = this.#unresolved;
    this.#unresolved = [];
    const resolve = async (enode: Enode): Promise<void> => {
      try {
        if (!resolveHost) throw new DiscoverError('no-endpoint', 'no resolveHost option is set');
        const host = await resolveHost(enode.host);
        this.#nodes.push(nodeFromContact({ ...enode, host }, crypto));
      } catch (error) {
        this.#unresolved.push(enode);
        onUnresolved(enode.host, error);
      }
    };
    await Promise.all(enodes.map(resolve));
    return this.#nodes;
  }
}
