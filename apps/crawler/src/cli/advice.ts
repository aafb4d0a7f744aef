import { Discv4Error } from '@devp2p/discv4';
import { CrawlerError, type CrawlerErrorCode, type CrawlerErrorData } from '../model/error.ts';

type Hint = string | ((data: CrawlerErrorData) => string | undefined);

const hints: Partial<Readonly<Record<CrawlerErrorCode, Hint>>> = {
  'datadir-in-use': 'stop it, or choose another with --datadir',
  'datadir-unusable': 'choose another with --datadir',
  'wrong-datadir': 'choose another with --datadir',
  'store-failed': ({ problem }) =>
    problem === 'no-file-locks' ? 'choose a file system that supports locks with --datadir' : undefined,
  'port-unavailable': 'choose others with --metrics.port and --metrics.addr',
  'output-unusable': 'choose another with --output',
};

/** Returns how the user can resolve an error, by its code; `undefined` without a hint. */
export function errorAdvice(error: unknown): string | undefined {
  if (error instanceof Discv4Error) {
    return error.code === 'listen-failed' ? 'choose others with --port and --addr' : undefined;
  }
  if (!(error instanceof CrawlerError)) return undefined;
  const hint = hints[error.code];
  return typeof hint === 'function' ? hint(error.data) : hint;
}
