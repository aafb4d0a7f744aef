import { Discv4Error } from '@devp2p/discv4';
import { CrawlerError } from '../model/error.ts';

/** Returns how the user can resolve an error, by its code; `undefined` without advice. */
export function advice(error: unknown): string | undefined {
  if (error instanceof Discv4Error) {
    return error.code === 'listen-failed' ? 'choose another with --addr and --port' : undefined;
  }
  if (!(error instanceof CrawlerError)) return undefined;
  switch (error.code) {
    case 'datadir-in-use':
    case 'datadir-unusable':
    case 'wrong-datadir':
      return 'choose another directory with --datadir';
    case 'store-failed':
      return error.data.reason === 'no-locks'
        ? 'choose a directory on another file system with --datadir'
        : undefined;
    case 'port-unavailable':
      return 'choose another with --metrics.addr and --metrics.port';
    case 'output-unusable':
      return 'choose another file with --output';
    default:
      return undefined;
  }
}
