import { createDiscv4, type Discv4 } from '@devp2p/discv4';
import { listen } from '@devp2p/discv4/udp';
import { AddressGate, Pace, Places } from '../discovery/pace.ts';
import { Targets } from '../discovery/targets.ts';
import { isOnChain } from '../model/chain-filter.ts';
import { tcpDial } from './dial.ts';
import { type VisitSettings, withDefaults } from './options.ts';
import type { Visiting } from './visit.ts';

/** Bytes; the answers to a second's questions should fit. */
const receiveBuffer = 4 * 1024 * 1024;

/** Everything that visits need. */
export interface OpenVisiting extends Visiting {
  readonly discovery: Discv4;
}

/**
 * Gets ready for visits; `discovery.close()` ends it.
 *
 * @throws CrawlerError `invalid-option`, Discv4Error `listen-failed`, CryptoError
 */
export async function openVisiting(options: VisitSettings): Promise<OpenVisiting> {
  const settings = withDefaults(options);
  const { crypto, clock, random, maxVisits, requestTimeout } = settings;
  const { privateKey, host, socket, network = {} } = options;
  const discv4 = {
    ...{ privateKey, crypto, clock, random, requestTimeout },
    tcpPort: 0,
    // Who is there is for the crawl to find out; a table of our own would have the same nodes asked twice.
    maintainTable: false,
    // Each visit waits for one answer, or a Ping, at a time; as many nodes again may ping us and be pinged back.
    maxPending: 4 * maxVisits + 1_024,
  };
  const discovery = socket
    ? await createDiscv4(socket, discv4)
    : await listen({ ...discv4, host, port: options.port ?? 0, receiveBuffer });
  return {
    ...settings,
    discovery,
    dial: options.dial ?? tcpDial({ ...settings, privateKey }),
    isOurs: (status) => isOnChain(network, status),
    targets: new Targets(crypto),
    packets: new Pace(clock, settings.packetsPerSecond),
    dials: new Pace(clock, settings.dialsPerSecond),
    places: new Places(settings.maxActive),
    gate: new AddressGate(clock, settings.dialInterval),
  };
}
