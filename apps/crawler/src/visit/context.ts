import { createDiscv4, type Discv4 } from '@devp2p/discv4';
import { listen } from '@devp2p/discv4/udp';
import { FindNodeTargets } from '../discovery/find-node-targets.ts';
import { RateLimiter } from '../discovery/rate-limiter.ts';
import type { DiscoveryContext } from '../discovery/requests.ts';
import { isOnChain } from '../model/chain-filter.ts';
import { tcpDial } from './dial.ts';
import { DialCooldown } from './dial-cooldown.ts';
import { type VisitSettings, withDefaults } from './options.ts';
import { Semaphore } from './semaphore.ts';
import type { SessionContext } from './session.ts';

/** Collaborators of all visits. */
export interface VisitContext extends SessionContext, DiscoveryContext {
  readonly discovery: Discv4;
  /** Limits the dials of all nodes together. */
  readonly dials: RateLimiter;
  readonly cooldown: DialCooldown;
  /** Slots for nodes that answered. */
  readonly slots: Semaphore;
}

/** Bytes; has to hold the responses to one second of requests. */
const receiveBuffer = 4 * 1024 * 1024;

/**
 * Opens the UDP socket and creates the collaborators of visits. `discovery.close()` closes the socket.
 *
 * @throws CrawlerError `invalid-option`, Discv4Error `listen-failed`, CryptoError
 */
export async function openVisitContext(options: VisitSettings): Promise<VisitContext> {
  const settings = withDefaults(options);
  const { crypto, clock, random, maxVisits, requestTimeout } = settings;
  const { privateKey, host, socket, network = {} } = options;
  const discv4 = {
    privateKey,
    crypto,
    clock,
    random,
    requestTimeout,
    tcpPort: 0,
    // The crawl sends its own requests; table maintenance would send the same ones again.
    maintainTable: false,
    // Each visit waits for up to one response, or Ping, at a time. The same number of nodes may ping us and be pinged.
    maxPending: 4 * maxVisits + 1_024,
  };
  const discovery = socket
    ? await createDiscv4(socket, discv4)
    : await listen({ ...discv4, host, port: options.port ?? 0, receiveBuffer });
  return {
    clientId: settings.clientId,
    handshakeTimeout: settings.handshakeTimeout,
    maxHeadAge: settings.maxHeadAge,
    crypto,
    clock,
    discovery,
    dial: options.dial ?? tcpDial({ ...settings, privateKey }),
    isRequestedChain: (status) => isOnChain(network, status),
    targets: new FindNodeTargets(crypto),
    packets: new RateLimiter(clock, settings.packetsPerSecond),
    dials: new RateLimiter(clock, settings.dialsPerSecond),
    cooldown: new DialCooldown(clock, settings.dialInterval),
    slots: new Semaphore(settings.maxActive),
  };
}
