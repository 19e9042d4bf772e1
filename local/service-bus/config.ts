// The broker's queues and topics, in the format of the official emulator's Config.json, so that the same file serves both.
// https://learn.microsoft.com/azure/service-bus-messaging/overview-emulator
import { z } from 'zod';
import { entityName, queueProperties, toQueueRules, warningsAbout } from './config-queues.js';
import { refuseTwins, topicSchema, toTopicRules, warningsAboutSubscriptions } from './config-topics.js';
import type { TopicRules } from './engine/namespace.js';
import type { QueueRules } from './engine/queue.js';

const namespace = z.looseObject({
  Name: z.string().optional(),
  Queues: z.array(z.strictObject({ Name: entityName, Properties: queueProperties.optional() })).optional(),
  Topics: z.array(topicSchema).optional(),
});

const schema = z.looseObject({
  UserConfig: z.looseObject({ Namespaces: z.array(namespace).length(1, 'exactly one namespace is served') }),
});

const emulatorNamespace = 'sbemulatorns';
const mostEntities = 50;

/** A configuration as it stands in the file. */
export type ServiceBusConfig = z.input<typeof schema>;

export type ParsedConfig = {
  readonly queues: readonly QueueRules[];
  readonly topics: readonly TopicRules[];
  readonly warnings: readonly string[];
};

/**
 * Checks a configuration. Throws one error that names every property that is wrong. Values that the official emulator
 * would refuse but this broker can serve only bring a warning.
 */
export function parseConfig(input: unknown): ParsedConfig {
  const parsed = schema.safeParse(input);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${describePath(issue.path, input)}: ${issue.message}`);
    throw new Error(`The Service Bus configuration is wrong: ${faults.join('; ')}`);
  }
  const [only] = parsed.data.UserConfig.Namespaces;
  const [queues, topics] = [only?.Queues ?? [], only?.Topics ?? []];
  refuseTwins('queue or topic', [...queues, ...topics]);
  return {
    queues: queues.map(({ Name, Properties }) => toQueueRules(Name, Properties)),
    topics: topics.map(toTopicRules),
    warnings: [
      ...warningsAboutWhole(parsed.data),
      ...queues.flatMap(({ Name, Properties }) => warningsAbout(`Queue '${Name}'`, Properties)),
      ...topics.flatMap(({ Name, Properties, Subscriptions = [] }) => [
        ...warningsAbout(`Topic '${Name}'`, Properties),
        ...warningsAboutSubscriptions(`Topic '${Name}'`, Subscriptions),
        ...Subscriptions.flatMap((each) => warningsAbout(`Subscription '${Name}/${each.Name}'`, each.Properties)),
      ]),
    ],
  };
}

// What the official emulator requires of a file as a whole; here all of it may be missing.
function warningsAboutWhole({ UserConfig }: z.output<typeof schema>): string[] {
  const [only] = UserConfig.Namespaces;
  const { Name, Queues, Topics } = only ?? {};
  const count = (Queues?.length ?? 0) + (Topics?.length ?? 0);
  const lacks = [
    UserConfig['Logging'] === undefined ? 'UserConfig.Logging' : [],
    Queues === undefined ? 'Queues' : [],
    Topics === undefined ? 'Topics' : [],
    Name === emulatorNamespace ? [] : `the namespace's Name, which must be '${emulatorNamespace}'`,
    count <= mostEntities ? [] : `room: it takes ${mostEntities} queues and topics, and there are ${count}`,
  ].flat();
  return lacks.length === 0 ? [] : [`The official emulator would miss in this file: ${lacks.join('; ')}`];
}

// Arrays are named by their element's Name where it has one: "Queues['job-events'].Properties.LockDuration".
function describePath(path: readonly PropertyKey[], input: unknown): string {
  let at: unknown = input;
  let text = '';
  for (const key of path) {
    at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined;
    const name: unknown = typeof at === 'object' && at !== null ? Reflect.get(at, 'Name') : undefined;
    if (typeof key === 'number') text += typeof name === 'string' ? `['${name}']` : `[${key}]`;
    else text += text === '' ? String(key) : `.${String(key)}`;
  }
  return text === '' ? 'the whole' : text;
}
