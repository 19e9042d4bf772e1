// Changing the rules of a subscription while it is in use. What was sent before a change stays where it is.
import type { Filter, Rule } from './filters.js';
import { nowMs, type Queue, type SubscriptionRole } from './queue.js';

/** Gives a subscription one more rule. False when it has one of that name. */
export function addRule(queue: Queue, role: SubscriptionRole, name: string, filter: Filter): boolean {
  if (role.rules.has(name)) return false;
  role.rules.set(name, { name, filter, createdAtMs: nowMs(queue) });
  recordRules(queue, role);
  return true;
}

/** Takes a rule away. False when there is none of that name. */
export function removeRule(queue: Queue, role: SubscriptionRole, name: string): boolean {
  if (!role.rules.delete(name)) return false;
  recordRules(queue, role);
  return true;
}

/** Puts the rules that were kept in the place of the configured ones. */
export function replaceRules(role: SubscriptionRole, rules: readonly Rule[]): void {
  role.rules.clear();
  for (const rule of rules) role.rules.set(rule.name, rule);
  role.areRulesChanged = true;
}

function recordRules(queue: Queue, role: SubscriptionRole): void {
  role.areRulesChanged = true;
  queue.engine.record?.({ type: 'rules', queue: queue.address, rules: [...role.rules.values()] });
}
