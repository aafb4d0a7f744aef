import type { Clock } from '@devp2p/clock';
import { checkRelay, formatIp, normalizeIp } from '@devp2p/enr';
import type { Endpoint } from './packet.ts';
import type { Address } from './socket.ts';
import { sourceOf } from './source.ts';

/** What {@link EndpointPrediction} is made with. */
export interface PredictionOptions {
  readonly clock: Clock;
  /** Statements that have to agree. */
  readonly minStatements: number;
  /** How long a statement counts, in ms. */
  readonly window: number;
  /** Statements kept; the oldest goes for one more. */
  readonly maxStatements: number;
  /** Called when the prediction is another than before. */
  readonly onChange: (endpoint: Address) => void;
}

interface Statement {
  readonly endpoint: string;
  readonly address: Address;
  readonly time: number;
}

/**
 * Where others see us, for one of IPv4 and IPv6. Each source of statements has one vote, its latest: many ids at one
 * address are still one witness.
 */
export class EndpointPrediction {
  readonly #options: PredictionOptions;
  /** By the source of the statement, oldest first. */
  readonly #statements = new Map<string, Statement>();
  #predicted: Statement | undefined;

  constructor(options: PredictionOptions) {
    this.#options = options;
  }

  /** The endpoint that was predicted last. */
  get endpoint(): Address | undefined {
    return this.#predicted?.address;
  }

  /**
   * Takes down what somebody who has proved to be at `host` says about our endpoint. Nothing is believed that its
   * sender could not know: see `checkRelay` of `@devp2p/enr`.
   */
  add(host: string, ip: Uint8Array, { ip: stated, udp }: Endpoint): void {
    if ((stated.length !== 4 && stated.length !== 16) || udp === 0) return;
    const ours = normalizeIp(stated);
    if (checkRelay(ip, ours) !== undefined || ours.length !== ip.length) return;
    const address = { host: formatIp(ours), port: udp };
    const endpoint = `${address.host} ${udp}`;
    const source = sourceOf(host, ip);
    this.#statements.delete(source);
    this.#statements.set(source, { address, endpoint, time: this.#options.clock.monotonic() });
    if (this.#statements.size > this.#options.maxStatements) this.#dropOldest();
    if (endpoint !== this.#predicted?.endpoint) this.#predict();
  }

  /** The endpoint that most agree on is ours if they are enough; if they are not, what was predicted stays. */
  #predict(): void {
    const { clock, window, minStatements, onChange } = this.#options;
    const counts = new Map<string, number>();
    let best: Statement | undefined;
    let most = minStatements - 1;
    for (const [source, statement] of this.#statements) {
      if (clock.monotonic() - statement.time > window) {
        this.#statements.delete(source);
        continue;
      }
      const count = (counts.get(statement.endpoint) ?? 0) + 1;
      counts.set(statement.endpoint, count);
      if (count > most) [best, most] = [statement, count];
    }
    if (!best || best.endpoint === this.#predicted?.endpoint) return;
    this.#predicted = best;
    onChange(best.address);
  }

  #dropOldest(): void {
    for (const source of this.#statements.keys()) {
      this.#statements.delete(source);
      return;
    }
  }
}
