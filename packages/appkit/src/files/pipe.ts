import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { type Clock, sleep, systemClock } from '@devp2p/clock';

/** Milliseconds between two attempts to open a pipe without a reader. */
const readerInterval = 100;

/**
 * Opens a named pipe for writing once it has a reader. It polls, since a thread that waits in `open` would keep the
 * process from exiting.
 *
 * @throws the system's error; the reason of the signal
 */
export async function openPipe(
  path: string,
  signal?: AbortSignal | undefined,
  clock: Clock = systemClock,
): Promise<Writable> {
  for (;;) {
    try {
      const descriptor = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      return new Socket({ fd: descriptor, readable: false, writable: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
      await sleep(clock, readerInterval, { signal });
    }
  }
}
