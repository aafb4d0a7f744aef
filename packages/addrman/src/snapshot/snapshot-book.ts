import { checkBook } from '../check.ts';
import { Book, type BookOptions, MAX_REFERENCES } from '../table/book.ts';
import type { Entry } from '../table/entry.ts';
import { decodeSnapshot, fingerprint } from './snapshot.ts';
import { corrupt } from './snapshot-bytes.ts';

/**
 * The book that a snapshot was taken of. If it was laid out in another way, every entry gets the slots that it would
 * have here, and those for which there is no room are left out.
 *
 * @throws `corrupt-snapshot` or `newer-snapshot`
 */
export function readBook(bytes: Uint8Array, options: BookOptions, now: number): Book {
  const { key, layout, lastGood, entries } = decodeSnapshot(bytes);
  const book = new Book(key, options);
  book.lastGood = lastGood;
  const ids = new Set(entries.map(({ id }) => id));
  if (ids.size !== entries.length) throw corrupt('a node is in it twice');
  if (layout === fingerprint(options)) {
    for (const entry of entries) {
      expectFree(book, entry);
      book.restore(entry);
    }
  } else {
    const wasTried = entries.map(({ triedSlot }) => triedSlot >= 0);
    for (const tried of [true, false]) {
      for (const [i, entry] of entries.entries()) {
        if (wasTried[i] === tried) book.rehome(entry, now);
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

function expectFree({ fresh, tried }: Book, { newSlots, triedSlot }: Entry): void {
  if (newSlots.length > MAX_REFERENCES) throw corrupt('an entry has too many slots');
  if (newSlots.some((slot, i) => newSlots.indexOf(slot) !== i)) {
    throw corrupt('an entry has a slot twice');
  }
  const isFree = newSlots.every((slot) => slot < fresh.capacity && !fresh.get(slot));
  if (!isFree || triedSlot >= tried.capacity || (triedSlot >= 0 && tried.get(triedSlot))) {
    throw corrupt('a slot is taken twice, or is none');
  }
}
