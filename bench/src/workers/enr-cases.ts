import { readRecords } from '../fixtures/files.ts';
import { recordContent } from '../fixtures/records.ts';
import type { Case } from './serve.ts';

/** What a record that was found valid says. */
export interface ReadRecord {
  readonly ip: string | undefined;
  readonly tcp: number | undefined;
  readonly udp: number | undefined;
}

/** Signs all records over and over; each has to come out as every implementation makes it. */
export function signing(folder: string, sign: (kind: number) => Uint8Array): Case {
  return () =>
    repeat(
      readRecords(folder).map((text, kind) => {
        const want = Buffer.from(text.slice('enr:'.length), 'base64url');
        return () => want.equals(sign(kind));
      }),
    );
}

/** Reads all records from their text and checks their signatures. */
export function verifying(folder: string, read: (text: string) => ReadRecord): Case {
  return () =>
    repeat(
      readRecords(folder).map((text, kind) => {
        const want = recordContent(kind);
        return () => {
          const { ip, tcp, udp } = read(text);
          return ip === want.ip && tcp === want.tcp && udp === want.udp;
        };
      }),
    );
}

function repeat(works: readonly (() => boolean)[]): Awaited<ReturnType<Case>> {
  return (over) => {
    let count = 0;
    while (!over()) {
      works.forEach((work, kind) => {
        if (!work()) throw new Error(`record ${kind} came out otherwise`);
      });
      count += works.length;
    }
    return count;
  };
}
