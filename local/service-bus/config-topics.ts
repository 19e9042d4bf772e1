// The topics of a configuration: subscriptions and the rules that say what each of them gets.
import { z } from 'zod';
import { long, text, type AmqpValue } from './amqp/values.js';
import { entityDuration, entityName, queueProperties, toQueueRules } from './config-queues.js';
import {
  defaultRuleName,
  namesSomething,
  trivialFilter,
  type CorrelationRule,
  type Rule,
  type SystemProperty,
} from './engine/filters.js';
import type { TopicRules } from './engine/namespace.js';

const correlationFilter = z.strictObject({
  ContentType: z.string().optional(),
  CorrelationId: z.string().optional(),
  Label: z.string().optional(),
  MessageId: z.string().optional(),
  ReplyTo: z.string().optional(),
  ReplyToSessionId: z.string().optional(),
  SessionId: z.string().optional(),
  To: z.string().optional(),
  Properties: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});
type CorrelationFilter = z.output<typeof correlationFilter>;
const namedFilter = correlationFilter.transform((given, context) => {
  const filter = toFilter(given);
  if (namesSomething(filter)) return filter;
  context.addIssue({ code: 'custom', message: 'a correlation filter must name at least one property' });
  return z.NEVER;
});

const sqlFilter = z.strictObject({ SqlExpression: z.string() }).transform(({ SqlExpression }, context) => {
  const filter = trivialFilter(SqlExpression);
  if (filter !== undefined) return filter;
  const message = `the SQL filter '${SqlExpression}' is not supported, only 1=1 and 1=0 are`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

// One that does nothing may be written down.
const noAction = z
  .strictObject({ SqlExpression: z.literal('', 'SQL rule actions are not supported').optional() })
  .optional();

const ruleProperties = z.discriminatedUnion('FilterType', [
  z.strictObject({
    FilterType: z.literal('Correlation'),
    CorrelationFilter: namedFilter,
    Action: noAction,
  }),
  z.strictObject({
    FilterType: z.literal('Sql'),
    SqlFilter: sqlFilter,
    Action: noAction,
  }),
]);

const namedPart = z
  .string()
  .min(1)
  .max(50)
  .regex(/^[A-Za-z0-9$](?:[A-Za-z0-9._$-]*[A-Za-z0-9_])?$/, 'a name has letters, digits, . - and _ between them');

const subscription = z.strictObject({
  Name: namedPart,
  Properties: queueProperties
    .omit({ RequiresDuplicateDetection: true, DuplicateDetectionHistoryTimeWindow: true })
    .optional(),
  Rules: z.array(z.strictObject({ Name: namedPart, Properties: ruleProperties })).optional(),
});

export const topicSchema = z.strictObject({
  Name: entityName,
  Properties: z
    .strictObject({
      RequiresDuplicateDetection: z.boolean().optional(),
      DuplicateDetectionHistoryTimeWindow: entityDuration.optional(),
      DefaultMessageTimeToLive: entityDuration.optional(),
    })
    .optional(),
  Subscriptions: z.array(subscription).optional(),
});
export type TopicConfig = z.output<typeof topicSchema>;

/** Throws where two subscriptions of a topic, or two rules of a subscription, have the same name. */
export function toTopicRules({ Name, Properties, Subscriptions = [] }: TopicConfig): TopicRules {
  refuseTwins(`subscription of topic '${Name}'`, Subscriptions);
  return {
    rules: toQueueRules(Name, Properties),
    subscriptions: Subscriptions.map((each) => {
      const name = `${Name}/Subscriptions/${each.Name}`;
      refuseTwins(`rule of '${name}'`, each.Rules ?? []);
      return { rules: toQueueRules(name, each.Properties), filters: toRules(each.Rules) };
    }),
  };
}

/** What the official emulator would not accept of a topic's subscriptions. */
export function warningsAboutSubscriptions(topic: string, subscriptions: TopicConfig['Subscriptions'] = []): string[] {
  const warnings: string[] = [];
  const [least, most, mostRules] = [1, 50, 1_000];
  if (subscriptions.length < least || subscriptions.length > most) {
    warnings.push(`${topic}: the official emulator takes ${least} to ${most} subscriptions`);
  }
  if (subscriptions.some(({ Rules = [] }) => Rules.length > mostRules)) {
    warnings.push(`${topic}: the official emulator takes ${mostRules} rules for a subscription at most`);
  }
  return warnings;
}

/** Throws when two of the entities have the same name; case does not count. */
export function refuseTwins(kind: string, entities: readonly { Name: string }[]): void {
  const names = new Set<string>();
  for (const { Name } of entities) {
    const name = Name.toLowerCase();
    if (names.has(name)) throw new Error(`The Service Bus configuration is wrong: ${kind} '${Name}' is defined twice`);
    names.add(name);
  }
}

// A subscription without rules gets everything, as one does that was just made.
function toRules(rules: NonNullable<TopicConfig['Subscriptions']>[number]['Rules'] = []): Rule[] {
  if (rules.length === 0) return [{ name: defaultRuleName, filter: { type: 'true' }, createdAtMs: 0 }];
  return rules.map(({ Name, Properties }) => ({
    name: Name,
    filter: Properties.FilterType === 'Sql' ? Properties.SqlFilter : Properties.CorrelationFilter,
    createdAtMs: 0,
  }));
}

const systemNames = {
  ContentType: 'contentType',
  CorrelationId: 'correlationId',
  Label: 'subject',
  MessageId: 'messageId',
  ReplyTo: 'replyTo',
  ReplyToSessionId: 'replyToSessionId',
  SessionId: 'sessionId',
  To: 'to',
} as const satisfies Partial<Record<keyof CorrelationFilter, SystemProperty>>;
const givenNames = [
  'ContentType',
  'CorrelationId',
  'Label',
  'MessageId',
  'ReplyTo',
  'ReplyToSessionId',
  'SessionId',
  'To',
] as const;

function toFilter(given: CorrelationFilter): CorrelationRule {
  const system: Partial<Record<SystemProperty, string>> = {};
  for (const name of givenNames) {
    const expected = given[name];
    // The official template lists every property and leaves those empty that do not count.
    if (expected !== undefined && expected !== '') system[systemNames[name]] = expected;
  }
  const application = Object.entries(given.Properties ?? {}).map(([name, value]) => [name, toValue(value)] as const);
  return { type: 'correlation', system, application };
}

function toValue(value: string | number | boolean): AmqpValue {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'boolean') return { type: 'boolean', value };
  return Number.isSafeInteger(value) ? long(value) : { type: 'double', value };
}
