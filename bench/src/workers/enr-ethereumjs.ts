import { ENR } from '@ethereumjs/devp2p';
import { verifying } from './enr-cases.ts';
import type { Cases } from './serve.ts';

/** This package parses records and cannot sign them. */
export function theirEnrCases(folder: string): Cases {
  return {
    'enr-verify': verifying(folder, (text) => {
      const { address, tcpPort, udpPort } = ENR.parseAndVerifyRecord(text);
      return { ip: address, tcp: tcpPort ?? undefined, udp: udpPort ?? undefined };
    }),
  };
}
