export { CrawlerError, type CrawlerErrorCode } from './error.ts';
