/** The parts of the pool. */
export type PoolPart = 'plain' | 'blob';

/** Senders by the part of the pool that has their transactions: each sender has transactions in one part (TP-06). */
export class Reservations {
  /** By hex of the address. */
  readonly #holders = new Map<string, PoolPart>();

  /** Whether another part has transactions of the sender. */
  isTaken(address: string, part: PoolPart): boolean {
    const holder = this.#holders.get(address);
    return holder !== undefined && holder !== part;
  }

  hold(address: string, part: PoolPart): void {
    this.#holders.set(address, part);
  }

  release(address: string): void {
    this.#holders.delete(address);
  }
}
