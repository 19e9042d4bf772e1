// The program behind `npm run docs:errors`: writes docs/errors.md anew. Run from the project directory.
import { writeFile } from 'node:fs/promises';
import { renderErrorDocs } from './render.js';

await writeFile('docs/errors.md', renderErrorDocs());
