import { ENR } from '@ethereumjs/devp2p';
import { verifying } from './enr-cases.ts';
import type { Cases } from './serve.ts';

/** It reads records, and makes none. */
export function theirEnrCases(folder: string): Cases {
  return {
    'enr-verify': verifying(folder, (text) => {
      const { address, tcpPort, udpPort } = ENR.parseAndVerifyRecord(text);
      return { ip: address, tcp: tcpPort ?? undefined, udp: udpPort ?? undefined };
    }),
  };
}
