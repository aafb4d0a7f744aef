import type { Clock } from '@devp2p/clock';
import { checkRelay, formatIp, normalizeIp } from '@devp2p/ip';
import { sourceOf } from '../endpoint/source.ts';
import type { Address } from '../endpoint/udp-socket.ts';

/** Options of {@link EndpointPrediction}. */
export interface PredictionOptions {
  readonly clock: Clock;
  /** Statements that must agree. */
  readonly minStatements: number;
  /** Lifetime of a statement in milliseconds. */
  readonly window: number;
  /** Limit of stored statements; above it the oldest one is dropped. */
  readonly maxStatements: number;
  /** Called when the predicted endpoint changes. */
  readonly onChange: (endpoint: Address) => void;
}

/** Endpoint of the local node as reported by another node. `ip` may have any length. */
export interface StatedEndpoint {
  readonly ip: Uint8Array;
  readonly udp: number;
}

interface Statement {
  readonly endpoint: string;
  readonly address: Address;
  readonly time: number;
}

/**
 * Predicts the external endpoint of the local node from the statements of other nodes, for one IP family. Only the
 * latest statement of each source counts, so that many ids at one address have one vote.
 */
export class EndpointPrediction {
  readonly #options: PredictionOptions;
  /** By source, oldest first. */
  readonly #statements = new Map<string, Statement>();
  #predicted: Statement | undefined;

  constructor(options: PredictionOptions) {
    this.#options = options;
  }

  /** Last predicted endpoint. */
  get endpoint(): Address | undefined {
    return this.#predicted?.address;
  }

  /**
   * Adds the statement of a node that has proved its address. Ignores an address that the sender cannot see: see
   * `checkRelay` of `@devp2p/ip`.
   *
   * @param host address of the sender; `ip` is the same as bytes
   */
  add(host: string, ip: Uint8Array, { ip: stated, udp }: StatedEndpoint): void {
    if ((stated.length !== 4 && stated.length !== 16) || udp === 0) return;
    const local = normalizeIp(stated);
    if (checkRelay(ip, local) !== undefined || local.length !== ip.length) return;
    const address = { host: formatIp(local), port: udp };
    const endpoint = `${address.host} ${udp}`;
    const source = sourceOf(host, ip);
    this.#statements.delete(source);
    this.#statements.set(source, { address, endpoint, time: this.#options.clock.monotonic() });
    if (this.#statements.size > this.#options.maxStatements) this.#dropOldest();
    if (endpoint !== this.#predicted?.endpoint) this.#predict();
  }

  /** Predicts the most frequent endpoint if it has enough statements. Otherwise the last prediction remains. */
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
