import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of live array buffers. */
export function arrayBuffers(): number {
  // The first one leaves the sweeping to a thread, which the second waits for.
  collect();
  collect();
  return process.memoryUsage().arrayBuffers;
}
