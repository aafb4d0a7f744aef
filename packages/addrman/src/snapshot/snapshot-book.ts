import { checkBook } from '../check.ts';
import { Book, type BookOptions, maxReferences } from '../table/book.ts';
import type { Entry } from '../table/entry.ts';
import { decodeSnapshot, fingerprint } from './snapshot.ts';
import { corrupt } from './snapshot-bytes.ts';

/**
 * Restores a book from a snapshot. If the snapshot has another layout, each entry gets the slots of this layout, and
 * entries without a free slot are dropped.
 *
 * @throws AddrManError `corrupt-snapshot` or `newer-snapshot`
 */
export function readBook(bytes: Uint8Array, options: BookOptions, now: number): Book {
  const { key, layout, lastGood, entries } = decodeSnapshot(bytes);
  const book = new Book(key, options);
  book.lastGood = lastGood;
  const ids = new Set(entries.map(({ id }) => id));
  if (ids.size !== entries.length) throw corrupt('duplicate node id');
  if (layout === fingerprint(options)) {
    for (const entry of entries) {
      expectFree(book, entry);
      book.restore(entry);
    }
  } else {
    const wasTried = entries.map(({ triedSlot }) => triedSlot >= 0);
    for (const tried of [true, false]) {
      for (const [i, entry] of entries.entries()) {
        if (wasTried[i] === tried) book.relocate(entry, now);
      }
    }
  }
  try {
    checkBook(book);
  } catch (error) {
    throw corrupt(error instanceof Error ? error.message : String(error), { cause: error });
  }
  return book;
}

function expectFree({ newTable, triedTable }: Book, { newSlots, triedSlot }: Entry): void {
  if (newSlots.length > maxReferences) throw corrupt(`entry has more than ${maxReferences} slots`);
  if (newSlots.some((slot, i) => newSlots.indexOf(slot) !== i)) {
    throw corrupt('entry has a slot twice');
  }
  const isFree = newSlots.every((slot) => slot < newTable.capacity && !newTable.get(slot));
  if (!isFree || triedSlot >= triedTable.capacity || (triedSlot >= 0 && triedTable.get(triedSlot))) {
    throw corrupt('slot is used twice or out of range');
  }
}
