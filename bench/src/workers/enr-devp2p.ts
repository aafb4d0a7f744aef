import type { Crypto } from '@devp2p/crypto';
import { parseEnr } from '@devp2p/enr';
import { signRecord } from '../fixtures/records.ts';
import { signing, verifying } from './enr-cases.ts';
import type { Cases } from './serve.ts';

export function ourEnrCases(folder: string, crypto: Crypto): Cases {
  return {
    'enr-sign': signing(folder, (kind) => signRecord(kind, crypto).bytes),
    'enr-verify': verifying(folder, (text) => parseEnr(text, { crypto })),
  };
}
