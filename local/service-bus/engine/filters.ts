// The rules of a subscription: which messages of its topic it gets. Knows filters and messages, neither queues nor wire.
// https://learn.microsoft.com/azure/service-bus-messaging/topic-filters
import { applicationPropertiesOf, propertiesOf, type MessageContent } from '../amqp/message.js';
import { integerOf, textOf, undescribed, type AmqpValue } from '../amqp/values.js';
import { unreachable } from '../../../shared/unreachable.js';

export type Rule = { readonly name: string; readonly filter: Filter; readonly createdAtMs: number };

export type Filter = { readonly type: 'true' } | { readonly type: 'false' } | CorrelationRule;

export type CorrelationRule = {
  readonly type: 'correlation';
  /** What the message's own properties must be; all that are named. */
  readonly system: Readonly<Partial<Record<SystemProperty, string>>>;
  readonly application: readonly (readonly [string, AmqpValue])[];
};

/** Whether a correlation filter names any property, as it must. */
export function namesSomething({ system, application }: CorrelationRule): boolean {
  return Object.keys(system).length > 0 || application.length > 0;
}

/** The properties a correlation filter may name, with their place in a message's properties section. */
const placeOf = {
  messageId: 0,
  to: 2,
  subject: 3,
  replyTo: 4,
  correlationId: 5,
  contentType: 6,
  sessionId: 10,
  replyToSessionId: 12,
} as const;
export type SystemProperty = keyof typeof placeOf;

/** In the order in which the protocol writes them. */
export const systemProperties: readonly SystemProperty[] = [
  'correlationId',
  'messageId',
  'to',
  'replyTo',
  'subject',
  'sessionId',
  'replyToSessionId',
  'contentType',
];

/** The rule a subscription has when nobody gave it one: everything. */
export const defaultRuleName = '$Default';

/** The filter behind one of the two SQL expressions that need no SQL; undefined for every other expression. */
export function trivialFilter(expression: string): Filter | undefined {
  const bare = expression.replace(/\s+/g, '');
  if (bare === '1=1') return { type: 'true' };
  return bare === '1=0' ? { type: 'false' } : undefined;
}

/** Whether a message is for a subscription with these rules: one of them is enough, and none lets nothing through. */
export function isWanted(rules: Iterable<Rule>, content: MessageContent): boolean {
  for (const { filter } of rules) if (matches(filter, content)) return true;
  return false;
}

function matches(filter: Filter, content: MessageContent): boolean {
  switch (filter.type) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'correlation':
      return hasSystemProperties(filter.system, content) && hasApplicationProperties(filter.application, content);
    default:
      return unreachable(filter);
  }
}

function hasSystemProperties(wanted: Readonly<Partial<Record<SystemProperty, string>>>, content: MessageContent) {
  const fields = propertiesOf(content);
  return systemProperties.every((name) => {
    const expected = wanted[name];
    return expected === undefined || asText(fields[placeOf[name]]) === expected;
  });
}

function hasApplicationProperties(wanted: readonly (readonly [string, AmqpValue])[], content: MessageContent) {
  if (wanted.length === 0) return true;
  const found = new Map(applicationPropertiesOf(content).map(([key, value]) => [textOf(key), value] as const));
  return wanted.every(([name, expected]) => {
    const value = found.get(name);
    return value !== undefined && isEqual(value, expected);
  });
}

// Ids may be numbers or uuids on the wire; a filter names them as text.
function asText(value: AmqpValue | undefined): string | undefined {
  return textOf(value) ?? integerOf(value)?.toString();
}

// A number is the same whatever its width: a sender's int must meet a filter's long.
function isEqual(left: AmqpValue, right: AmqpValue): boolean {
  const [a, b] = [plain(left), plain(right)];
  if (Buffer.isBuffer(a)) return Buffer.isBuffer(b) && a.equals(b);
  return a !== undefined && a === b;
}

function plain(value: AmqpValue): string | number | bigint | boolean | Buffer | undefined {
  const bare = undescribed(value);
  if (!('value' in bare) || typeof bare.value === 'object') return 'value' in bare ? asBuffer(bare.value) : undefined;
  return integerOf(bare) ?? bare.value;
}

function asBuffer(value: unknown): Buffer | undefined {
  return Buffer.isBuffer(value) ? value : undefined;
}
