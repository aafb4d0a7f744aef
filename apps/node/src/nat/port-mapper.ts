import { errorText } from '@devp2p/appkit';
import { sleep, withTimeout } from '@devp2p/clock';
import type { ExternalEndpoint } from '@devp2p/discover';
import type { Log } from '../logging/log.ts';
import { type FindOptions, findGateway, publicAddress } from './find.ts';
import { type Gateway, GatewayError, leaseTime, type Mapping, type Protocol } from './gateway.ts';

/** @see keepPortsMapped */
export interface PortMapperOptions extends FindOptions {
  readonly ports: readonly { readonly protocol: Protocol; readonly port: number }[];
  /** Called when the external endpoint changes; `undefined` when the gateway no longer maps the ports. */
  readonly onChange: (endpoint: ExternalEndpoint | undefined) => void;
  readonly log: Log;
}

/** Keeps ports mapped until it is closed. */
export interface PortMapper {
  /** Deletes the mappings, within 2 s at most. Idempotent. */
  close(): Promise<void>;
}

/** Share of a lease after which it is refreshed: 8 of 10 minutes, as in go-ethereum. */
const refreshShare = 0.8;
/** Time until the next attempt after a failure, in ms, doubled each time; also the minimum between two refreshes. */
const minPause = 15_000;
const maxPause = 900_000;
/** Time limit for the deletion of the mappings, in ms: the shutdown has 5 s in total. */
const closeTimeout = 2_000;

/** A mapping that a gateway has granted. */
interface Held {
  readonly gateway: Gateway;
  readonly mapping: Mapping;
  /** Monotonic time at which it expires. */
  readonly until: number;
}

/** Maps ports at a gateway as soon as one is found, and keeps them mapped. */
export function keepPortsMapped(options: PortMapperOptions): PortMapper {
  const { ports, onChange, clock, log } = options;
  const stop = new AbortController();
  const { signal } = stop;
  const held = new Map<Protocol, Held>();
  /** Monotonic time until which the announced endpoint is valid. */
  let validUntil = 0;
  const isNew = changes();
  const isOtherEndpoint = changes();
  const announce = (endpoint: ExternalEndpoint | undefined): void => {
    if (isOtherEndpoint(JSON.stringify(endpoint))) onChange(endpoint);
  };

  /** @returns ms until the mappings are to be refreshed */
  async function refresh(gateway: Gateway): Promise<number> {
    const ip = await publicAddress(gateway, signal);
    const external = { tcp: 0, udp: 0 };
    let lifetime = leaseTime;
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
    validUntil = clock.monotonic() + lifetime * 1_000;
    announce(endpoint);
    const fields = { gateway: gateway.name, ...endpoint };
    if (isNew(JSON.stringify(fields))) log.info(fields, 'ports mapped');
    return Math.max(minPause, lifetime * 1_000 * refreshShare);
  }

  function failed(error: unknown): void {
    const isUseless = error instanceof GatewayError && error.code === 'not-public';
    if (isUseless || clock.monotonic() >= validUntil) announce(undefined);
    const fields = { error: errorText(error) };
    const code = error instanceof GatewayError ? error.code : 'failed';
    if (isNew(code)) log.warn(fields, 'ports cannot be mapped; inbound connections may fail');
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
        pause = Math.min(maxPause, minPause * 2 ** failures++);
      }
      await sleep(clock, pause, { signal }).catch(() => {});
    }
  }

  async function unmap({ gateway, mapping }: Held, signal: AbortSignal): Promise<void> {
    try {
      await gateway.unmap(mapping, signal);
    } catch (error) {
      log.debug({ ...mapping, error: errorText(error) }, 'mapping not deleted; it expires by itself');
    }
  }

  async function close(): Promise<void> {
    stop.abort();
    await kept;
    // An expired mapping may belong to another host now.
    const mappings = [...held.values()].filter(({ until }) => clock.monotonic() < until);
    const unmapAll = (signal: AbortSignal): Promise<unknown> => Promise.all(mappings.map((one) => unmap(one, signal)));
    await withTimeout(clock, closeTimeout, unmapAll).catch(() => {});
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

/** Returns a function that reports whether a text differs from that of the call before; the first is compared with `undefined`. */
function changes(): (text: string | undefined) => boolean {
  let last: string | undefined;
  return (text) => {
    const isOther = text !== last;
    last = text;
    return isOther;
  };
}
