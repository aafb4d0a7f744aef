import { describe } from 'vitest';
import { memoryStore } from '../../src/store/memory-store.ts';
import { storeSuite } from './suite.ts';

describe('the store in memory', () => {
  storeSuite(async () => memoryStore());
});
