// The operation that explains a job: an extension to Batch, docs/explain.md.
import { explainOperations } from '../../shared/explanations/explain-operation.js';
import { serveOperations } from '../../shared/serve-operations.js';

serveOperations(explainOperations);
