import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of live array buffers. */
export function arrayBuffers(): number {
  // The first collection leaves the sweeping to a thread; the second waits for it.
  collect();
  collect();
  return process.memoryUsage().arrayBuffers;
}
