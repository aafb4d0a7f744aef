import { readRecords } from '../fixtures/files.ts';
import { recordContent } from '../fixtures/records.ts';
import type { Case } from './serve.ts';

/** Content of a valid record. */
export interface ReadRecord {
  readonly ip: string | undefined;
  readonly tcp: number | undefined;
  readonly udp: number | undefined;
}

/** Signs all records repeatedly; the bytes have to equal those of every implementation. */
export function signing(folder: string, sign: (kind: number) => Uint8Array): Case {
  return () =>
    repeat(
      readRecords(folder).map((text, kind) => {
        const expected = Buffer.from(text.slice('enr:'.length), 'base64url');
        return () => expected.equals(sign(kind));
      }),
    );
}

/** Parses all records from text and verifies their signatures. */
export function verifying(folder: string, read: (text: string) => ReadRecord): Case {
  return () =>
    repeat(
      readRecords(folder).map((text, kind) => {
        const expected = recordContent(kind);
        return () => {
          const { ip, tcp, udp } = read(text);
          return ip === expected.ip && tcp === expected.tcp && udp === expected.udp;
        };
      }),
    );
}

function repeat(works: readonly (() => boolean)[]): Awaited<ReturnType<Case>> {
  return (over) => {
    let count = 0;
    while (!over()) {
      works.forEach((work, kind) => {
        if (!work()) throw new Error(`record ${kind} differs`);
      });
      count += works.length;
    }
    return count;
  };
}
