/// <reference types="node" preserve="true" />

import { lookup } from 'node:dns/promises';
import type { Rules } from '@devp2p/options';
import { check } from './check-options.ts';
import { createDiscv4, type Discv4 } from './discv4.ts';
import { type Discv4Options, discv4Rules } from './options.ts';
import { socketRule, type UdpSocket } from './socket.ts';
import { sntpDrift } from './udp/sntp.ts';
import { type BindOptions, bindRules, bindUdp } from './udp/socket.ts';

export type { Discv4, WaitOptions } from './discv4.ts';
export type { Sntp } from './drift.ts';
export type { Discv4Error, Discv4ErrorCode } from './error.ts';
export type { Node } from './node.ts';
export type { Discv4Options } from './options.ts';
export type { Address, UdpSocket } from './socket.ts';
export { type SntpOptions, sntpDrift } from './udp/sntp.ts';
export { type BindOptions, bindUdp } from './udp/socket.ts';

/** Options of {@link listen}. */
export interface ListenOptions extends Discv4Options, BindOptions {
  /** A socket that is bound already, from {@link bindUdp}; `close()` closes it. @default a new one */
  readonly socket?: UdpSocket | undefined;
}

const listenRules: Rules<ListenOptions> = { ...discv4Rules, ...bindRules, socket: socketRule };

/**
 * Starts discovery on UDP.
 *
 * @throws Discv4Error `listen-failed`, `invalid-option`; what `createDiscv4` throws.
 */
export async function listen(options: ListenOptions): Promise<Discv4> {
  check.options('listen', options, listenRules);
  const { port, host, receiveBuffer, socket: bound, ...settings } = options;
  const socket = bound ?? (await bindUdp({ port, host, receiveBuffer }));
  try {
    return await createDiscv4(socket, {
      sntp: sntpDrift(),
      resolveHost: async (host) => (await lookup(host)).address,
      ...settings,
    });
  } catch (error) {
    if (!bound) await socket.close();
    throw error;
  }
}
