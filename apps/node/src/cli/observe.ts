import { subscribe } from 'node:diagnostics_channel';
import { toHex } from '@devp2p/enr';
import type { RlpxEvent } from '@devp2p/rlpx';
import type { Log } from '../log.ts';

/**
 * Logs what the transport tells the process: handshakes that come to nothing, which is nobody's to
 * catch, and streams that break.
 */
export function observeTransport(log: Log): void {
  const onEvent = (message: unknown): void => {
    const event = message as RlpxEvent;
    if (event.event === 'accept-failed') {
      log.warn({ error: event.error }, 'a connection could not be accepted');
      return;
    }
    const { inbound, remoteAddress, remoteId } = event;
    const who = {
      ...(remoteId && { id: toHex(remoteId.subarray(0, 8)) }),
      ...(remoteAddress && { address: `${remoteAddress.host}:${remoteAddress.port}` }),
      inbound,
    };
    if (event.event === 'handshake') {
      log.trace({ ...who, milliseconds: Math.round(event.milliseconds) }, 'handshake');
    } else if (event.event === 'handshake-failed') {
      log.debug({ ...who, error: event.error }, 'handshake failed');
    } else if (event.error !== undefined) {
      log.debug({ ...who, error: event.error }, 'connection broke');
    }
  };
  subscribe('devp2p:rlpx', onEvent);
}
