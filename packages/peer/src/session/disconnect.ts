import type { Clock } from '@devp2p/clock';
import type { Direction, PeerError } from '../error.ts';
import type { Message, MessageStream } from '../stream.ts';
import { baseCodes } from '../wire/base-protocol.ts';
import { type DisconnectReason, encodeDisconnect } from '../wire/disconnect.ts';

/** Who ends a connection and why. */
export interface DisconnectCause {
  readonly reason: DisconnectReason | undefined;
  readonly direction: Direction | undefined;
  readonly error: PeerError | undefined;
}

/** How the remote is taken leave of. */
export interface DisconnectOptions {
  readonly clock: Clock;
  /** ms that the remote gets to read our Disconnect and close. */
  readonly closeTimeout: number;
  /** Told the bytes on the wire of our Disconnect. */
  readonly onSent?: (bytes: number) => void;
}

/**
 * Ends the stream in the way that fits: without a word when the remote has left, with a Disconnect
 * when we leave.
 *
 * @param remoteClosed settles when the remote has closed, for which the stream must be read on.
 * @returns when the stream is gone. Never rejects.
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
  // Who aborts does not want to wait, and a stream that failed has nothing to wait for.
  if (error?.code === 'stream' || error?.code === 'aborted') return stream.close();

  // Closing at once would not do: with unread data on our side TCP turns the close into a reset, and
  // a reset throws away what the remote has not read yet.
  const timer = clock.setTimeout(destroy, closeTimeout);
  remoteClosed.then(destroy, destroy);
  await stream.closed;
  timer.cancel();
}

/** Reads what still comes until the remote has closed or said Disconnect. Never rejects. */
export async function discard(
  stream: MessageStream,
  pending: Promise<Message | undefined>,
): Promise<void> {
  try {
    let message = await pending;
    while (message !== undefined && message.code !== baseCodes.disconnect) {
      message = await stream.read();
    }
  } catch {
    // A stream that failed is as closed as one that was ended.
  }
}
