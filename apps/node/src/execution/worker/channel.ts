import type { MessagePort, Worker } from 'node:worker_threads';

/** One end of a connection between two parts of the execution, in two threads or in one. */
export interface Channel {
  /**
   * Sends a message. The other end gets the buffers in `transfer` themselves, and copies of everything else.
   *
   * @param message of plain values and bytes. A view is copied with its whole buffer, so its bytes have one of their own.
   */
  post(message: unknown, transfer?: readonly (ArrayBuffer | MessagePort)[]): void;
  /** Sets the function that receives messages, in the order in which they were sent. To be called once. */
  onMessage(listener: (message: unknown) => void): void;
}

/** The end of a channel between threads. */
export function portChannel(port: MessagePort | Worker): Channel {
  return {
    post: (message, transfer = []) => port.postMessage(message, [...transfer]),
    onMessage: (listener) => {
      // The types of MessagePort and Worker differ in overloads alone.
      (port as MessagePort).on('message', listener);
    },
  };
}

/** Both ends of a channel within a thread. Messages are not copied, and arrive after the current task. */
export function createChannelPair(): [Channel, Channel] {
  const listeners: ((message: unknown) => void)[] = [];
  const waiting: unknown[][] = [[], []];
  const end = (own: 0 | 1): Channel => {
    const other = 1 - own;
    return {
      post(message) {
        queueMicrotask(() => {
          const listener = listeners[other];
          if (listener === undefined) waiting[other]?.push(message);
          else listener(message);
        });
      },
      onMessage(listener) {
        listeners[own] = listener;
        for (const message of waiting[own]?.splice(0) ?? []) listener(message);
      },
    };
  };
  return [end(0), end(1)];
}

/** Bytes with a buffer of their own, of the same length, which can be transferred. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return isOwn ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
}
