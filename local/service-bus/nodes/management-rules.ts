// Management operations on the rules of a subscription. SQL is not spoken here, but for the two expressions that need
// none.
import { readRuleFilter, toRuleValue } from '../amqp/rule-values.js';
import { fromMap, integerOf, textMap, textOf, type AmqpValue } from '../amqp/values.js';
import { namesSomething, type Filter } from '../engine/filters.js';
import type { SubscriptionRole } from '../engine/queue.js';
import { addRule, removeRule } from '../engine/rules.js';
import { badArgument, ok, type Answer, type ManagementContext, type Operation } from './management-operation.js';

// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas
const longestName = 50;
const mostRules = 2_000;

export const ruleOperations: Readonly<Record<string, Operation>> = {
  'add-rule': (body, context) =>
    withRules(context, (role) => {
      const name = textOf(fromMap(body, 'rule-name')) ?? '';
      if (name === '' || name.length > longestName)
        return badArgument(`rule-name must have 1 to ${longestName} characters.`);
      const filter = filterIn(fromMap(body, 'rule-description'));
      if ('status' in filter) return filter;
      if (role.rules.size >= mostRules) {
        const description = `A subscription has at most ${mostRules} rules.`;
        return { status: 403, description, error: 'amqp:resource-limit-exceeded' };
      }
      if (addRule(context.queue, role, name, filter)) return ok();
      const description = `The messaging entity '${context.queue.rules.name}/Rules/${name}' already exists.`;
      return { status: 409, description, error: 'com.microsoft:entity-already-exists' };
    }),

  'remove-rule': (body, context) =>
    withRules(context, (role) => {
      const name = textOf(fromMap(body, 'rule-name')) ?? '';
      if (removeRule(context.queue, role, name)) return ok();
      const description = `The messaging entity '${context.queue.rules.name}/Rules/${name}' could not be found.`;
      return { status: 404, description, error: 'amqp:not-found' };
    }),

  'enumerate-rules': (body, context) =>
    withRules(context, ({ rules }) => {
      const skip = integerOf(fromMap(body, 'skip')) ?? 0;
      const top = integerOf(fromMap(body, 'top')) ?? rules.size;
      if (skip < 0 || top < 0) return badArgument('skip and top cannot be negative.');
      const found = [...rules.values()].slice(skip, skip + top);
      if (found.length === 0) return { status: 204, description: 'No rules.' };
      const items = found.map((rule) => textMap({ 'rule-description': toRuleValue(rule) }));
      return ok(textMap({ rules: { type: 'list', items } }));
    }),
};

function withRules({ queue }: ManagementContext, act: (role: SubscriptionRole) => Answer): Answer {
  if (queue.role.type === 'subscription') return act(queue.role);
  const description = 'Only a subscription has rules.';
  return { status: 400, description, error: 'amqp:not-allowed' };
}

function filterIn(description: AmqpValue | undefined): Filter | Answer {
  const action = textOf(fromMap(fromMap(description, 'sql-rule-action'), 'expression'));
  if (action !== undefined && action !== '') return unsupported(`The SQL rule action '${action}'`);
  const filter = readRuleFilter(description);
  if (filter === undefined) return badArgument('rule-description must have a correlation-filter or an sql-filter.');
  if ('type' in filter && filter.type === 'correlation' && !namesSomething(filter)) {
    return badArgument('A correlation filter must name at least one property.');
  }
  return 'unsupportedSql' in filter ? unsupported(`The SQL filter '${filter.unsupportedSql}'`) : filter;
}

function unsupported(what: string): Answer {
  const description = `${what} is not supported: of SQL only the filters 1=1 and 1=0 are.`;
  return { status: 501, description, error: 'amqp:not-implemented' };
}
