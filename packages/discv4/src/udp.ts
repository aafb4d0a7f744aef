/// <reference types="node" preserve="true" />

import { lookup } from 'node:dns/promises';
import { createDiscv4, type Discv4 } from './discv4.ts';
import type { Discv4Options } from './options.ts';
import type { UdpSocket } from './socket.ts';
import { sntpDrift } from './udp/sntp.ts';
import { type BindOptions, bindUdp } from './udp/socket.ts';

export { type SntpOptions, sntpDrift } from './udp/sntp.ts';
export { type BindOptions, bindUdp } from './udp/socket.ts';

/** Options of {@link listen}. */
export interface ListenOptions extends Discv4Options, BindOptions {
  /** A socket that is bound already, from {@link bindUdp}; `close()` closes it. @default a new one */
  readonly socket?: UdpSocket | undefined;
}

/**
 * Starts discovery on UDP.
 *
 * @throws Discv4Error `listen-failed`; what `createDiscv4` throws.
 */
export async function listen(options: ListenOptions): Promise<Discv4> {
  const socket = options.socket ?? (await bindUdp(options));
  try {
    return await createDiscv4(socket, {
      sntp: sntpDrift(),
      resolveHost: async (host) => (await lookup(host)).address,
      ...options,
    });
  } catch (error) {
    if (!options.socket) await socket.close();
    throw error;
  }
}
