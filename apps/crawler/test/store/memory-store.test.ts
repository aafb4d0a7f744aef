import { describe } from 'vitest';
import { createMemoryStore } from '../../src/store/memory-store.ts';
import { storeSuite } from './suite.ts';

describe('the memory store', () => {
  storeSuite(async () => createMemoryStore());
});
