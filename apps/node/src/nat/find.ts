import type { Clock } from '@devp2p/clock';
import { ipClass, parseIp } from '@devp2p/ip';
import type { RandomBytes } from '@devp2p/random';
import { type Gateway, GatewayError, type GatewayErrorCode } from './gateway.ts';
import type { LocalNetwork } from './local-network.ts';
import { pmpGateway } from './pmp.ts';
import { searchGateways } from './ssdp.ts';
import { describeGateways } from './upnp.ts';

/** How to find a gateway. */
export interface NatMethod {
  /** `any` uses the first gateway that responds. */
  readonly method: 'any' | 'upnp' | 'pmp';
  /** IPv4 address of a gateway that supports NAT-PMP. @default the first address of each private network */
  readonly gateway?: string | undefined;
}

/** @see findGateway */
export interface FindOptions extends NatMethod {
  /** Address that the node listens on. */
  readonly host: string;
  readonly network: LocalNetwork;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** Error codes, the most useful to the operator first. */
const codesByUse: readonly GatewayErrorCode[] = ['not-public', 'refused', 'garbled', 'absent'];

/**
 * Looks for a gateway that is on the internet.
 *
 * @throws GatewayError the most useful one of all gateways; the reason of the signal
 */
export async function findGateway(options: FindOptions, signal: AbortSignal): Promise<Gateway> {
  signal.throwIfAborted();
  const { method, gateway, host, network, clock } = options;
  const lan = network.lanAddresses().filter(({ address }) => isAny(host) || address === host);
  const end = new AbortController();
  const onAbort = (): void => end.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });

  const tryPmp = async (address: string, localAddress?: string): Promise<Gateway> => {
    const port = network.pmpPort;
    const candidate = pmpGateway({ host: address, port, localAddress, clock });
    await publicAddress(candidate, end.signal);
    return candidate;
  };
  const tries: Promise<Gateway>[] = [];
  if (method !== 'upnp') {
    if (gateway !== undefined) tries.push(tryPmp(gateway, isAny(host) ? undefined : host));
    else tries.push(...lan.map((one) => tryPmp(one.gateway, one.address)));
  }
  if (method !== 'pmp') {
    const addresses = lan.map(({ address }) => address);
    tries.push(findUpnp(options, addresses, end.signal));
  }
  try {
    return await Promise.any(tries);
  } catch (error) {
    signal.throwIfAborted();
    throw mostUseful((error as AggregateError).errors);
  } finally {
    signal.removeEventListener('abort', onAbort);
    end.abort();
  }
}

/**
 * Returns the address of a gateway on the internet.
 *
 * @throws GatewayError `not-public` for an address that is not global; errors of the gateway
 */
export async function publicAddress(gateway: Gateway, signal: AbortSignal): Promise<string> {
  const address = await gateway.externalIp(signal);
  const ip = parseIp(address);
  if (ip?.length !== 4) {
    throw new GatewayError('garbled', `${gateway.name} returned an invalid external address`);
  }
  const kind = ipClass(ip);
  if (kind === 'global') return address;
  throw new GatewayError('not-public', `${gateway.name} is not on the internet: ${address}`);
}

/** Queries the devices that respond to the search, one after another. */
async function findUpnp(
  { network, clock, random }: FindOptions,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<Gateway> {
  const errors: unknown[] = [];
  for await (const description of searchGateways({ network, addresses, clock, signal })) {
    try {
      for (const gateway of await describeGateways(description, { clock, random }, signal)) {
        try {
          await publicAddress(gateway, signal);
          return gateway;
        } catch (error) {
          errors.push(error);
        }
      }
    } catch (error) {
      errors.push(error);
    }
    signal.throwIfAborted();
  }
  throw mostUseful(errors);
}

function mostUseful(errors: readonly unknown[]): unknown {
  const rank = (error: unknown): number => (error instanceof GatewayError ? codesByUse.indexOf(error.code) : -1);
  const [first] = [...errors].sort((a, b) => rank(a) - rank(b));
  return first ?? new GatewayError('absent', 'no gateway responds');
}

function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
