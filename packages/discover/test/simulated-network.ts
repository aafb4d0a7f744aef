import type { VirtualClock } from '@devp2p/clock/virtual';
import type { RandomBytes } from '@devp2p/random';
import { createSeededRandom } from '@devp2p/random/seeded';
import type { Address, UdpSocket } from '../src/index.ts';

/** What goes over the network, before it may get lost. */
export interface Datagram {
  readonly bytes: Uint8Array;
  readonly from: Address;
  readonly to: Address;
}

export interface SimulatedNetworkOptions {
  readonly clock: VirtualClock;
  /** One way, in ms. @default 20 */
  readonly latency?: number;
  /** Share of the datagrams that get lost. @default 0 */
  readonly loss?: number;
  readonly random?: RandomBytes;
}

/** An internet in memory. */
export class SimulatedNetwork {
  readonly #options: Required<SimulatedNetworkOptions>;
  readonly #handlers = new Map<string, (bytes: Uint8Array, from: Address) => void>();
  /** Datagrams by the time at which they arrive: one timer for all of a moment. */
  readonly #underWay = new Map<number, Datagram[]>();
  /** Called with every datagram that is sent. */
  onSend: (datagram: Datagram) => void = () => undefined;
  sent = 0;

  constructor(options: SimulatedNetworkOptions) {
    this.#options = { latency: 20, loss: 0, random: createSeededRandom(1).bytes, ...options };
  }

  /** A socket at an address; taking one that is in use takes it over. */
  bind(host: string, port = 30303): UdpSocket {
    const localAddress = { host, port };
    const name = nameOf(localAddress);
    this.#handlers.set(name, () => undefined);
    return {
      localAddress,
      send: (bytes, to) => this.send({ bytes, from: localAddress, to }),
      onMessage: (handler) => {
        this.#handlers.set(name, handler);
      },
      close: async () => {
        this.#handlers.delete(name);
      },
    };
  }

  /** Sends a datagram from wherever it likes to be from. */
  send({ bytes, from, to }: Datagram): void {
    const { clock, latency, loss, random } = this.#options;
    const datagram = { bytes, from, to };
    this.sent++;
    this.onSend(datagram);
    if (loss > 0 && (random(1)[0] ?? 0) / 256 < loss) return;
    const slot = Math.ceil((clock.monotonic() + latency) / 5) * 5;
    const others = this.#underWay.get(slot);
    if (others) {
      others.push(datagram);
      return;
    }
    this.#underWay.set(slot, [datagram]);
    clock.setTimeout(() => this.#deliver(slot), slot - clock.monotonic());
  }

  #deliver(slot: number): void {
    const arriving = this.#underWay.get(slot) ?? [];
    this.#underWay.delete(slot);
    for (const { bytes, from, to } of arriving) this.#handlers.get(nameOf(to))?.(bytes, from);
  }
}

function nameOf({ host, port }: Address): string {
  return `${host} ${port}`;
}
