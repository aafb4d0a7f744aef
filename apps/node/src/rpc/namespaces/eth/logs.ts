import { method } from '../../transport/api.ts';
import { findLogs, logFilter } from '../logs.ts';
import type { EthParts, Methods } from './parts.ts';

/** Methods about logs. */
export function logMethods(parts: EthParts): Methods {
  return { getLogs: method([logFilter], (filter) => findLogs(filter, parts)) };
}
