import { type LevelChange, type LevelDatabase, type LevelProblem, openLevel } from '@devp2p/appkit/level';
import { CrawlerError } from '../../model/error.ts';

/** A write or a deletion. */
export type Change = LevelChange<Uint8Array>;

/** A LevelDB with binary keys. Its errors are {@link CrawlerError}s. */
export type Database = LevelDatabase<Uint8Array>;

/**
 * Opens the database in a directory.
 *
 * @throws CrawlerError `datadir-in-use`, `store-corrupt`, `store-failed`
 */
export function openDatabase(location: string): Promise<Database> {
  return openLevel<Uint8Array>(location, {
    keyEncoding: 'view',
    writeBufferSize: 8 * 1024 * 1024,
    cacheSize: 16 * 1024 * 1024,
    maxFileSize: 4 * 1024 * 1024,
    maxOpenFiles: 32,
    toError: (problem, text, cause) => crawlerError(location, problem, text, cause),
  });
}

function crawlerError(location: string, problem: LevelProblem, text: string, cause: Error): CrawlerError {
  const options = { cause, data: { path: location } };
  switch (problem) {
    case 'locked':
      return new CrawlerError('datadir-in-use', `${location} is in use by another process`, options);
    case 'no-locks': {
      const message = `cannot lock ${location}: the file system has no locks (${text})`;
      const data = { path: location, problem: 'no-file-locks' } as const;
      return new CrawlerError('store-failed', message, { cause, data });
    }
    case 'damaged':
      return new CrawlerError('store-corrupt', `${location} is damaged: ${text}`, options);
    case 'closed':
      return new CrawlerError('closed', `${location} is closed`, options);
    case 'other':
      return new CrawlerError('store-failed', `${location}: ${text}`, options);
  }
}
