/// <reference types="node" preserve="true" />

import { lookup } from 'node:dns/promises';
import { nobleCrypto } from '@devp2p/crypto';
import type { UdpEndpoint, UdpSocket } from '@devp2p/discover';
import { type BindOptions, bindRules, bindUdp } from '@devp2p/discover/udp';
import { methods, type Rule, type Rules } from '@devp2p/options';
import { check } from './check-options.ts';
import { createDiscv4, type Discv4 } from './discv4.ts';
import { sntpDrift } from './drift/sntp.ts';
import { rethrow } from './error.ts';
import { type Discv4Options, discv4Rules } from './options.ts';

export type { Address, Node, UdpEndpoint, UdpSocket } from '@devp2p/discover';
export type { BindOptions } from '@devp2p/discover/udp';
export type { Discv4, WaitOptions } from './discv4.ts';
export type { Sntp } from './drift/drift-monitor.ts';
export { type SntpOptions, sntpDrift } from './drift/sntp.ts';
export type { Discv4Error, Discv4ErrorCode } from './error.ts';
export type { Discv4Options } from './options.ts';

/** Options of {@link listen}. */
export interface ListenOptions extends Discv4Options, BindOptions {
  /**
   * A bound socket, which `close()` of discovery closes, or an endpoint that is shared with another protocol.
   * @default a new socket
   */
  readonly socket?: UdpSocket | UdpEndpoint | undefined;
}

const socketRule: Rule = {
  ...methods('send', 'close'),
  expected: 'a UdpSocket, such as bindUdp returns, or a UdpEndpoint',
};
const listenRules: Rules<ListenOptions> = { ...discv4Rules, ...bindRules, socket: socketRule };

/**
 * Starts discovery v4 on UDP.
 *
 * @throws Discv4Error `listen-failed`, `invalid-option`; the errors of `createDiscv4`
 */
export async function listen(options: ListenOptions): Promise<Discv4> {
  check.options('listen', options, listenRules);
  const { port, host, receiveBuffer, socket: given, ...settings } = options;
  const socket = given ?? (await bindUdp({ port, host, receiveBuffer, localId: idOf(options) }).catch(rethrow));
  try {
    return await createDiscv4(socket, {
      sntp: sntpDrift(),
      resolveHost: async (hostName) => (await lookup(hostName)).address,
      ...settings,
    });
  } catch (error) {
    if (!given) await socket.close();
    throw error;
  }
}

function idOf({ privateKey, crypto = nobleCrypto }: Discv4Options): Uint8Array {
  return crypto.secp256k1.publicKey(privateKey);
}
