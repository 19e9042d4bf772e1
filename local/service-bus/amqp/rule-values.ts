// A subscription's rules as the described lists in which the protocol tells them, and back.
// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response#rule-operations
import { systemProperties, trivialFilter, type Filter, type Rule, type SystemProperty } from '../engine/filters.js';
import { unreachable } from '../../../shared/unreachable.js';
import { cursorOver, readValue } from './reader.js';
import { fromMap, integerOf, namedEntries, nothing, text, textOf, timestamp, type AmqpValue } from './values.js';
import { encodeValue } from './writer.js';

const codes = {
  rule: 0x137_0000_0004n,
  emptyAction: 0x137_0000_0005n,
  trueFilter: 0x13_7000_0007n,
  falseFilter: 0x13_7000_0008n,
  correlationFilter: 0x13_7000_0009n,
} as const;

/** A rule with its filter, an action that does nothing, its name and when it was made. */
export function toRuleValue({ name, filter, createdAtMs }: Rule): AmqpValue {
  return list(codes.rule, [toFilterValue(filter), list(codes.emptyAction, []), text(name), timestamp(createdAtMs)]);
}

/** The rule that `toRuleValue` wrote; undefined when it is none. */
export function readRuleValue(value: AmqpValue): Rule | undefined {
  const items = itemsOf(value, codes.rule);
  const filter = items?.[0] === undefined ? undefined : readFilterValue(items[0]);
  const name = textOf(items?.[2]);
  if (filter === undefined || name === undefined) return undefined;
  return { name, filter, createdAtMs: integerOf(items?.[3]) ?? 0 };
}

// What a request calls the properties that a rule in an answer has by their place.
const requestNames: Readonly<Record<SystemProperty, string>> = {
  correlationId: 'correlation-id',
  messageId: 'message-id',
  to: 'to',
  replyTo: 'reply-to',
  subject: 'label',
  sessionId: 'session-id',
  replyToSessionId: 'reply-to-session-id',
  contentType: 'content-type',
};

/** The filter in the description of a rule to be added; undefined when it has none that can be read. */
export function readRuleFilter(description: AmqpValue | undefined): Filter | { unsupportedSql: string } | undefined {
  const sql = fromMap(description, 'sql-filter');
  if (sql !== undefined) {
    const expression = textOf(fromMap(sql, 'expression'));
    return expression === undefined ? undefined : (trivialFilter(expression) ?? { unsupportedSql: expression });
  }
  const correlation = fromMap(description, 'correlation-filter');
  if (correlation?.type !== 'map') return undefined;
  const system: Partial<Record<SystemProperty, string>> = {};
  for (const name of systemProperties) {
    const expected = textOf(fromMap(correlation, requestNames[name]));
    if (expected !== undefined) system[name] = expected;
  }
  const application = namedEntries(fromMap(correlation, 'properties'));
  return { type: 'correlation', system, application: application.map(([key, value]) => [key, copied(value)] as const) };
}

function toFilterValue(filter: Filter): AmqpValue {
  switch (filter.type) {
    case 'true':
      return list(codes.trueFilter, []);
    case 'false':
      return list(codes.falseFilter, []);
    case 'correlation': {
      const { system, application } = filter;
      const named = systemProperties.map((name) => (system[name] === undefined ? nothing : text(system[name])));
      const entries = application.map(([key, value]) => [text(key), value] as const);
      // The ninth is a map even when it is empty: clients do not expect null there.
      return list(codes.correlationFilter, [...named, { type: 'map', entries }]);
    }
    default:
      return unreachable(filter);
  }
}

function readFilterValue(value: AmqpValue): Filter | undefined {
  if (itemsOf(value, codes.trueFilter) !== undefined) return { type: 'true' };
  if (itemsOf(value, codes.falseFilter) !== undefined) return { type: 'false' };
  const items = itemsOf(value, codes.correlationFilter);
  if (items === undefined) return undefined;
  const system: Partial<Record<SystemProperty, string>> = {};
  systemProperties.forEach((name, at) => {
    const expected = textOf(items[at]);
    if (expected !== undefined) system[name] = expected;
  });
  return {
    type: 'correlation',
    system,
    application: namedEntries(items[systemProperties.length]).map(([key, value]) => [key, copied(value)] as const),
  };
}

// A rule outlives the frame it came in, and must not keep its buffer alive.
function copied(value: AmqpValue): AmqpValue {
  return readValue(cursorOver(encodeValue(value)));
}

function list(code: bigint, items: readonly AmqpValue[]): AmqpValue {
  return { type: 'described', descriptor: { type: 'ulong', value: code }, value: { type: 'list', items } };
}

function itemsOf(value: AmqpValue, code: bigint): readonly AmqpValue[] | undefined {
  if (value.type !== 'described' || value.value.type !== 'list') return undefined;
  return value.descriptor.type === 'ulong' && value.descriptor.value === code ? value.value.items : undefined;
}
