import type { VirtualClock } from '@devp2p/clock/virtual';
import type { RandomBytes } from '@devp2p/random';
import { createSeededRandom } from '@devp2p/random/seeded';
import type { Address, UdpSocket } from '../src/index.ts';

/** Sent datagram, which may be lost later. */
export interface Datagram {
  readonly bytes: Uint8Array;
  readonly from: Address;
  readonly to: Address;
}

export interface SimulatedNetworkOptions {
  readonly clock: VirtualClock;
  /** One-way delay in milliseconds. @default 20 */
  readonly latency?: number;
  /** Share of lost datagrams. @default 0 */
  readonly loss?: number;
  readonly random?: RandomBytes;
}

/** Network in memory. */
export class SimulatedNetwork {
  readonly #options: Required<SimulatedNetworkOptions>;
  readonly #handlers = new Map<string, (bytes: Uint8Array, from: Address) => void>();
  /** Datagrams by arrival time, with one timer per time. */
  readonly #inTransit = new Map<number, Datagram[]>();
  /** Called with each sent datagram. */
  onSend: (datagram: Datagram) => void = () => undefined;
  sent = 0;

  constructor(options: SimulatedNetworkOptions) {
    this.#options = { latency: 20, loss: 0, random: createSeededRandom(1).bytes, ...options };
  }

  /** Binds a socket to an address, and replaces a socket that is bound to it. */
  bind(host: string, port = 30303): UdpSocket {
    const localAddress = { host, port };
    const key = keyOf(localAddress);
    this.#handlers.set(key, () => undefined);
    return {
      localAddress,
      send: (bytes, to) => this.send({ bytes, from: localAddress, to }),
      onMessage: (handler) => {
        this.#handlers.set(key, handler);
      },
      close: async () => {
        this.#handlers.delete(key);
      },
    };
  }

  /** Sends a datagram from any source address. */
  send({ bytes, from, to }: Datagram): void {
    const { clock, latency, loss, random } = this.#options;
    const datagram = { bytes, from, to };
    this.sent++;
    this.onSend(datagram);
    if (loss > 0 && (random(1)[0] ?? 0) / 256 < loss) return;
    const slot = Math.ceil((clock.monotonic() + latency) / 5) * 5;
    const others = this.#inTransit.get(slot);
    if (others) {
      others.push(datagram);
      return;
    }
    this.#inTransit.set(slot, [datagram]);
    clock.setTimeout(() => this.#deliver(slot), slot - clock.monotonic());
  }

  #deliver(slot: number): void {
    const datagrams = this.#inTransit.get(slot) ?? [];
    this.#inTransit.delete(slot);
    for (const { bytes, from, to } of datagrams) this.#handlers.get(keyOf(to))?.(bytes, from);
  }
}

function keyOf({ host, port }: Address): string {
  return `${host} ${port}`;
}
