import type { Crypto } from '@devp2p/crypto';
import { parseEnr } from '@devp2p/enr';
import { type RecordKeys, recordKeys, recordKinds, signRecord } from '../fixtures/records.ts';
import { signing, verifying } from './enr-cases.ts';
import type { Cases } from './serve.ts';

export function ourEnrCases(folder: string, crypto: Crypto): Cases {
  const keys = Array.from({ length: recordKinds }, (_, kind) => recordKeys(kind, crypto));
  return {
    'enr-sign': signing(folder, (kind) => signRecord(kind, keys[kind] as RecordKeys, crypto).bytes),
    'enr-verify': verifying(folder, (text) => parseEnr(text, { crypto })),
  };
}
