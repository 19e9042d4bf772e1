// The blobs that tests in memory run on.
import { describe } from 'vitest';
import { createMemoryBlobs } from '../../helpers/memory-services.js';
import { testBlobs } from './blob-cases.js';

describe('blobs in memory', () => {
  const blobs = createMemoryBlobs();
  testBlobs(() => blobs);
});
