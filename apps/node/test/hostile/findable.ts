import { type Clock, systemClock } from '@devp2p/clock';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import type { Discv4 } from '@devp2p/discv4';
import { listen } from '@devp2p/discv4/udp';
import { formatEnode, parseEnode } from '@devp2p/enr';
import { type Host, openHost } from '../../soak/guest.ts';

/** A node that can be dialed, and found by discovery. */
export interface Findable extends Host {
  readonly discovery: Discv4;
  close(): Promise<void>;
}

/** Options of {@link appear}. */
export interface FindableOptions {
  /** An address of this machine. */
  readonly from: string;
  readonly clock?: Clock;
  /** Whether connections are accepted. */
  readonly isThere?: () => boolean;
}

/** Starts a node that waits to be found and dialed. */
export async function appear({ from, clock = systemClock, isThere }: FindableOptions): Promise<Findable> {
  const privateKey = generatePrivateKey();
  const host = await openHost(from, privateKey, isThere);
  const { id, tcp } = parseEnode(host.enode);
  // Long enough for a busy machine.
  const settings = { privateKey, clock, crypto, requestTimeout: 2_000, sntp: undefined };
  const discovery = await listen({ ...settings, host: from, port: 0, tcpPort: tcp });
  return {
    enode: formatEnode({ id, host: from, tcp, udp: discovery.localAddress.port }),
    discovery,
    nextGuest: () => host.nextGuest(),
    async close() {
      host.close();
      await discovery.close();
    },
  };
}
