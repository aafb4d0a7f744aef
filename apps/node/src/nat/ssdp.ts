// Search of UPnP Device Architecture 1.1, section 1.3.
import { createSocket, type Socket } from 'node:dgram';
import { Readable } from 'node:stream';
import type { Clock } from '@devp2p/clock';
import { isLan, parseIp } from '@devp2p/ip';
import type { LocalNetwork } from './local-network.ts';

/** Location of the description of a device that announces itself as a gateway. */
export interface Description {
  readonly url: URL;
  /** Local address in the network of the device. */
  readonly localAddress: string;
}

/** @see searchGateways */
export interface SearchOptions {
  readonly network: LocalNetwork;
  /** Local addresses from which the search is sent. */
  readonly addresses: readonly string[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const searchTargets = [1, 2].map((n) => `urn:schemas-upnp-org:device:InternetGatewayDevice:${n}`);
/** Time over which devices spread their responses, in seconds. */
const responseSpread = 2;
/** Times after the start at which the search is sent, in ms: twice, because datagrams get lost. */
const sendTimes = [0, 1_000];
/** Time after the start at which the search ends, in ms. */
const searchTime = sendTimes.length * 1_000 + responseSpread * 1_000;
/** Maximum number of descriptions found by one search. */
const maxFound = 8;

/** Searches for gateways in the local networks by multicast. Ends after some seconds, or with the signal. */
export function searchGateways(options: SearchOptions): AsyncIterable<Description> {
  const { network, addresses, clock, signal } = options;
  const found = new Readable({ objectMode: true, read() {}, signal });
  const seen = new Set<string>();
  const sockets = new Set<Socket>();
  const drop = (socket: Socket): void => {
    if (sockets.delete(socket)) socket.close();
  };
  for (const localAddress of addresses) {
    const socket = createSocket('udp4');
    sockets.add(socket);
    // The search continues on other interfaces when one is down.
    socket.on('error', () => drop(socket));
    socket.on('message', (message, from) => {
      const url = descriptionUrl(message.toString('latin1'), from.address);
      if (url === undefined || seen.has(url.href) || seen.size === maxFound) return;
      seen.add(url.href);
      found.push({ url, localAddress } satisfies Description);
    });
    socket.bind({ address: localAddress, port: 0 }, () => {
      try {
        socket.setMulticastInterface(localAddress);
      } catch {
        drop(socket);
      }
    });
  }

  const timers = sendTimes.map((ms) =>
    clock.setTimeout(() => {
      for (const socket of sockets) send(socket, network);
    }, ms),
  );
  const stop = (): void => {
    for (const timer of timers) timer.cancel();
    for (const socket of sockets) drop(socket);
  };
  const end = (): void => {
    stop();
    found.push(null);
  };
  timers.push(clock.setTimeout(end, addresses.length === 0 ? 0 : searchTime));
  found.on('close', stop);
  // The reader of the results is notified as well.
  found.on('error', () => {});
  return found;
}

function send(socket: Socket, { ssdp }: LocalNetwork): void {
  for (const target of searchTargets) {
    const lines = [
      'M-SEARCH * HTTP/1.1',
      `HOST: ${ssdp.host}:${ssdp.port}`,
      'MAN: "ssdp:discover"',
      `MX: ${responseSpread}`,
      `ST: ${target}`,
    ];
    socket.send(`${lines.join('\r\n')}\r\n\r\n`, ssdp.port, ssdp.host);
  }
}

/** Location in the response of a device; `undefined` unless it is on the device itself, and in a LAN. */
export function descriptionUrl(answer: string, from: string): URL | undefined {
  const [, location] = /^location:[ \t]*(\S{1,512})[ \t]*\r?$/im.exec(answer) ?? [];
  const ip = parseIp(from);
  if (!/^HTTP\/1\.[01] 200/.test(answer) || location === undefined) return undefined;
  if (ip === undefined || !isLan(ip) || !URL.canParse(location)) return undefined;
  const url = new URL(location);
  return url.protocol === 'http:' && url.hostname === from ? url : undefined;
}
