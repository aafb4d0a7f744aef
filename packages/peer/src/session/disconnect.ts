import type { Clock } from '@devp2p/clock';
import type { Direction, PeerError } from '../error.ts';
import type { Message, MessageStream } from '../stream.ts';
import { baseCodes } from '../wire/base-protocol.ts';
import { type DisconnectReason, encodeDisconnect } from '../wire/disconnect-reasons.ts';

/** Cause of the end of a connection. */
export interface DisconnectCause {
  readonly reason: DisconnectReason | undefined;
  readonly direction: Direction | undefined;
  readonly error: PeerError | undefined;
}

/** Options of {@link disconnect}. */
export interface DisconnectOptions {
  readonly clock: Clock;
  /** Time for the remote to read our Disconnect and close, in ms. */
  readonly closeTimeout: number;
  /** Called with the length of our Disconnect on the wire, in bytes. */
  readonly onSent?: (bytes: number) => void;
}

/**
 * Ends the stream: with a Disconnect when this side ends it, without one when the remote did.
 *
 * @param remoteClosed settles when the remote has closed; the caller reads the stream until then
 * @returns resolves when the stream is closed. Never rejects.
 */
export async function disconnect(
  stream: MessageStream,
  { reason, direction, error }: DisconnectCause,
  remoteClosed: Promise<void>,
  { clock, closeTimeout, onSent }: DisconnectOptions,
): Promise<void> {
  if (direction !== 'local' || reason === undefined) {
    stream.destroy();
    return stream.closed;
  }
  const destroy = (): void => stream.destroy();
  stream.write(baseCodes.disconnect, encodeDisconnect(reason)).then(onSent, destroy);
  // An aborting caller does not wait, and a failed stream has nothing to wait for.
  if (error?.code === 'stream' || error?.code === 'aborted') return stream.close();

  // Not closed at once: TCP resets a connection that is closed with unread data, and a reset drops data
  // that the remote has not read yet.
  const timer = clock.setTimeout(destroy, closeTimeout);
  remoteClosed.then(destroy, destroy);
  await stream.closed;
  timer.cancel();
}

/** Reads and drops messages until the remote has closed or sent Disconnect. Never rejects. */
export async function discard(stream: MessageStream, pending: Promise<Message | undefined>): Promise<void> {
  try {
    let message = await pending;
    while (message !== undefined && message.code !== baseCodes.disconnect) {
      message = await stream.read();
    }
  } catch {
    // A failed stream is closed as well.
  }
}
