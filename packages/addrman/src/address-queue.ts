import { type Clock, systemClock, type Timer } from '@devp2p/clock';
import { func, methods, positive, type Rules, required } from '@devp2p/options';
import { check } from './check-options.ts';

/** Options of {@link createAddressQueue}. */
export interface AddressQueueOptions<A> {
  /**
   * Selects the next address to dial, such as `AddrMan.select` with a filter that uses {@link AddressQueue.wasOffered}.
   * Returns `undefined` if no address is available now.
   */
  readonly select: () => A | undefined;
  /** Returns the same key for the same address, such as the node id in hex. */
  readonly keyOf: (address: A) => string;
  /**
   * Time until an address may be offered again, in ms.
   * @default 35000: go-ethereum accepts one connection from an address in 30 s
   */
  readonly offerInterval?: number | undefined;
  /** Called when a caller begins to wait for an address. @default none */
  readonly onWait?: (() => void) | undefined;
  /** @default `systemClock` */
  readonly clock?: Clock | undefined;
}

/** Hands out addresses to dial: each one once per `offerInterval`, and to callers that wait as soon as there is one. */
export interface AddressQueue<A> {
  /** Number of callers that wait in {@link next}. */
  readonly waiting: number;
  /** Resolves with the next address as soon as there is one, or with `undefined` once the signal has aborted. */
  next(signal: AbortSignal): Promise<A | undefined>;
  /** Records that an address is handed out in another way, such as for a feeler. @returns the address */
  offer(address: A): A;
  /** Whether an address was handed out less than `offerInterval` ago. */
  wasOffered(key: string): boolean;
  /** Reports that there may be a new address; a waiting caller selects again. */
  notify(): void;
}

/** The part of `offerInterval` after which waiting callers select again, since earlier offers may have expired. */
const retryDivisor = 7;

const rules: Rules<AddressQueueOptions<unknown>> = {
  select: required(func),
  keyOf: required(func),
  offerInterval: positive,
  onWait: func,
  clock: methods('now', 'monotonic', 'setTimeout'),
};

/**
 * Creates the queue between an address manager and a connection manager.
 *
 * @throws AddrManError `invalid-option`
 */
export function createAddressQueue<A>(options: AddressQueueOptions<A>): AddressQueue<A> {
  check.options<object>('createAddressQueue', options, rules);
  const { select, keyOf, offerInterval = 35_000, onWait, clock = systemClock } = options;
  const retryInterval = offerInterval / retryDivisor;
  /** When addresses were offered last, by key, the earliest first. */
  const offered = new Map<string, number>();
  const wakers = new Set<() => void>();
  let timer: Timer | undefined;

  const offer = (address: A): A => {
    const key = keyOf(address);
    offered.delete(key);
    offered.set(key, clock.monotonic());
    return address;
  };
  /** Wakes one caller, which wakes the next if it found an address: otherwise all would search for the same one. */
  const notify = (): void => {
    const [wake] = wakers;
    wake?.();
  };
  const retry = (): void => {
    timer = clock.setTimeout(retry, retryInterval);
    notify();
  };
  const wait = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        wakers.delete(wake);
        if (wakers.size === 0) timer?.cancel();
        signal.removeEventListener('abort', wake);
        resolve();
      };
      if (wakers.size === 0) timer = clock.setTimeout(retry, retryInterval);
      wakers.add(wake);
      signal.addEventListener('abort', wake);
      if (signal.aborted) wake();
      onWait?.();
    });

  return {
    get waiting() {
      return wakers.size;
    },
    async next(signal) {
      while (!signal.aborted) {
        const address = select();
        if (address !== undefined) {
          offer(address);
          notify();
          return address;
        }
        await wait(signal);
      }
      return undefined;
    },
    offer,
    wasOffered(key) {
      const expired = clock.monotonic() - offerInterval;
      for (const [other, time] of offered) {
        if (time > expired) break;
        offered.delete(other);
      }
      return offered.has(key);
    },
    notify,
  };
}
