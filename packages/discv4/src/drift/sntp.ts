import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Clock, systemClock, withTimeout } from '@devp2p/clock';
import { integer, methods, positive, type Rules, string } from '@devp2p/options';
import { check } from '../check-options.ts';
import type { Sntp } from './drift-monitor.ts';

/** Options of {@link sntpDrift}. */
export interface SntpOptions {
  /** Time server. @default pool.ntp.org, as go-ethereum */
  readonly server?: string | undefined;
  /** @default 123, the port of NTP */
  readonly port?: number | undefined;
  /** Number of measurements, at least 3; the two extremes are discarded. @default 5, as go-ethereum */
  readonly measurements?: number | undefined;
  /** Timeout of each measurement in milliseconds. @default 5000, as go-ethereum */
  readonly timeout?: number | undefined;
  /** @default `systemClock` */
  readonly clock?: Clock | undefined;
}

/** Seconds from the NTP epoch, 1900, to the Unix epoch (RFC 4330, section 3). */
const ntpEpoch = 2_208_988_800;

/** Length in seconds of an era of NTP timestamps, which have 32 bits: the current one ends in 2036 (RFC 4330, section 3). */
const eraLength = 2 ** 32;

const rules: Rules<SntpOptions> = {
  server: string,
  port: integer(1, 65_535),
  measurements: integer(3),
  timeout: positive,
  clock: methods('now', 'setTimeout'),
};

/** Creates a function that measures the drift of the local clock by SNTP (RFC 4330). @throws Discv4Error `invalid-option` */
export function sntpDrift(options: SntpOptions = {}): Sntp {
  check.options('sntpDrift', options, rules);
  const { measurements = 5 } = options;
  return async ({ signal }) => {
    const drifts: number[] = [];
    for (let i = 0; i < measurements; i++) drifts.push(await measure(options, signal));
    drifts.sort((a, b) => a - b);
    const kept = drifts.slice(1, -1);
    return kept.reduce((sum, drift) => sum + drift, 0) / kept.length;
  };
}

async function measure(options: SntpOptions, signal: AbortSignal): Promise<number> {
  const { server = 'pool.ntp.org', port = 123, timeout = 5_000, clock = systemClock } = options;
  const socket = createSocket('udp4');
  try {
    return await withTimeout(
      clock,
      timeout,
      async (ended) => {
        socket.connect(port, server);
        await once(socket, 'connect', { signal: ended });
        const request = new Uint8Array(48);
        // Version 3, mode 3 (client).
        request[0] = (3 << 3) | 3;
        const sent = clock.monotonic();
        socket.send(request);
        const [reply] = (await once(socket, 'message', { signal: ended })) as [Uint8Array];
        const elapsed = clock.monotonic() - sent;
        return clock.now() - elapsed / 2 - transmitTime(reply);
      },
      { signal },
    );
  } finally {
    socket.close();
  }
}

/** Transmit timestamp of the server in milliseconds since the Unix epoch. */
function transmitTime(reply: Uint8Array): number {
  if (reply.length < 48) throw new RangeError(`SNTP response has ${reply.length} bytes, expected at least 48`);
  const view = new DataView(reply.buffer, reply.byteOffset, reply.byteLength);
  const seconds = view.getUint32(40);
  // RFC 4330, section 5: the server refuses requests (stratum 0) or is not synchronized (transmit time 0).
  if (view.getUint8(1) === 0 || seconds === 0) throw new RangeError('time server is not synchronized');
  const era = seconds < 2 ** 31 ? eraLength : 0;
  return (seconds + era - ntpEpoch) * 1000 + (view.getUint32(44) / 2 ** 32) * 1000;
}
