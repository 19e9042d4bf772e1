// Which query parameters each operation takes, by trying: what it does not know it says.
import type { Answer } from '../../local/functions-host/http/http-messages.js';
import type { AppOperation } from './app-operations.js';
import { plainPath, type KnownIds } from './arbitrary-path.js';
import { parameterNames, type FuzzOperation } from './arbitrary-query.js';
import { textOf } from './check-fuzz-answer.js';
import type { FuzzRequest } from './fuzz-request.js';
import { signed } from './populate.js';

export async function findParameters(
  all: readonly AppOperation[],
  ids: KnownIds,
  send: (request: FuzzRequest) => Promise<Answer>,
): Promise<readonly FuzzOperation[]> {
  const found: FuzzOperation[] = [];
  for (const operation of all.filter(({ method }) => method !== 'OPTIONS')) {
    const parameters: string[] = [];
    for (const name of parameterNames) {
      // The first that is not known is named: ours is, unless the other one is.
      const answer = await send(signed(operation.method, `${plainPath(operation.route, ids)}?${name}=%20&unknown=1`));
      if (textOf(answer).includes('"value":"unknown"')) parameters.push(name);
    }
    found.push({ ...operation, parameters });
  }
  return found;
}
