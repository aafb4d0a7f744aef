import { errorText } from '@devp2p/appkit';
import { sleep, withTimeout } from '@devp2p/clock';
import type { ExternalEndpoint } from '@devp2p/discover';
import type { Log } from '../logging/log.ts';
import { type FindOptions, findGateway, publicAddress } from './find.ts';
import { type Gateway, GatewayError, LEASE, type Mapping, type Protocol } from './gateway.ts';

/** @see keepPortsMapped */
export interface PortMapperOptions extends FindOptions {
  readonly ports: readonly { readonly protocol: Protocol; readonly port: number }[];
  /** Called when the external endpoint changes; `undefined` when the gateway no longer maps the ports. */
  readonly onChange: (endpoint: ExternalEndpoint | undefined) => void;
  readonly log: Log;
}

/** Keeps ports mapped until it is closed. */
export interface PortMapper {
  /** Takes the mappings back, as far as that can be done within 2 s. Idempotent. */
  close(): Promise<void>;
}

/** Part of a lease after which it is refreshed: 8 of 10 minutes, as in go-ethereum. */
const REFRESH = 0.8;
/** ms until the next attempt after a failure, doubling; and between refreshes however short a lease is. */
const MIN_PAUSE = 15_000;
const MAX_PAUSE = 900_000;
/** ms that taking the mappings back may take: shutting down has 5 s in all. */
const CLOSE = 2_000;

/** A mapping that a gateway has agreed to. */
interface Held {
  readonly gateway: Gateway;
  readonly mapping: Mapping;
  /** Monotonic time at which it ends. */
  readonly until: number;
}

/** Maps ports at a gateway, as soon as one is found, and keeps them mapped. */
export function keepPortsMapped(options: PortMapperOptions): PortMapper {
  const { ports, onChange, clock, log } = options;
  const stop = new AbortController();
  const { signal } = stop;
  const held = new Map<Protocol, Held>();
  /** Monotonic time until which the endpoint holds that was announced. */
  let goodUntil = 0;
  const isNews = changes();
  const isOtherEndpoint = changes();
  const announce = (endpoint: ExternalEndpoint | undefined): void => {
    if (isOtherEndpoint(JSON.stringify(endpoint))) onChange(endpoint);
  };

  /** @returns ms until the mappings are to be refreshed */
  async function refresh(gateway: Gateway): Promise<number> {
    const ip = await publicAddress(gateway, signal);
    const external = { tcp: 0, udp: 0 };
    let lifetime = LEASE;
    for (const { protocol, port } of ports) {
      const wanted = held.get(protocol)?.mapping.externalPort ?? port;
      const lease = await gateway.map({ protocol, port, externalPort: wanted }, signal);
      const { externalPort } = lease;
      const until = clock.monotonic() + lease.lifetime * 1_000;
      held.set(protocol, { gateway, mapping: { protocol, port, externalPort }, until });
      external[protocol] = externalPort;
      lifetime = Math.min(lifetime, lease.lifetime);
    }
    const endpoint = { ip, ...external };
    goodUntil = clock.monotonic() + lifetime * 1_000;
    announce(endpoint);
    const fields = { gateway: gateway.name, ...endpoint };
    if (isNews(JSON.stringify(fields))) log.info(fields, 'ports mapped');
    return Math.max(MIN_PAUSE, lifetime * 1_000 * REFRESH);
  }

  function failed(error: unknown): void {
    const isUseless = error instanceof GatewayError && error.code === 'not-public';
    if (isUseless || clock.monotonic() >= goodUntil) announce(undefined);
    const fields = { error: errorText(error) };
    const code = error instanceof GatewayError ? error.code : 'failed';
    if (isNews(code)) log.warn(fields, 'ports cannot be mapped; others may not reach us');
    else log.debug(fields, 'ports cannot be mapped');
  }

  async function keep(): Promise<void> {
    let gateway: Gateway | undefined;
    let failures = 0;
    while (!signal.aborted) {
      let pause: number;
      try {
        gateway ??= await findGateway(options, signal);
        pause = await refresh(gateway);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failed(error);
        gateway = undefined;
        pause = Math.min(MAX_PAUSE, MIN_PAUSE * 2 ** failures++);
      }
      await sleep(clock, pause, { signal }).catch(() => {});
    }
  }

  async function takeBack({ gateway, mapping }: Held, signal: AbortSignal): Promise<void> {
    try {
      await gateway.unmap(mapping, signal);
    } catch (error) {
      log.debug({ ...mapping, error: errorText(error) }, 'a mapping is left to run out');
    }
  }

  async function close(): Promise<void> {
    stop.abort();
    await kept;
    // One that has run out may be another's by now.
    const mappings = [...held.values()].filter(({ until }) => clock.monotonic() < until);
    const takeAllBack = (signal: AbortSignal): Promise<unknown> =>
      Promise.all(mappings.map((one) => takeBack(one, signal)));
    await withTimeout(clock, CLOSE, takeAllBack).catch(() => {});
  }

  const kept = keep();
  let closed: Promise<void> | undefined;
  return {
    close() {
      closed ??= close();
      return closed;
    },
  };
}

/** Whether a text is another than before; nothing is what it is at first. */
function changes(): (text: string | undefined) => boolean {
  let last: string | undefined;
  return (text) => {
    const isOther = text !== last;
    last = text;
    return isOther;
  };
}
