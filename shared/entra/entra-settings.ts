// The settings for tokens of Entra ID: all of them or none, and never "whoever has a token" by default.
import { z } from 'zod';
import type { EntraSettings } from './access-token.js';

const list = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()])));

const isLoopback = (url: URL): boolean => ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);

/** An address whose answer decides who gets in must not be one that anybody on the way can answer. */
const keySetUrl = z
  .string()
  .default('')
  .refine((text) => text === '' || isSafe(text), {
    error: 'expected an https URL without user name (http for this machine only)',
  });

/** Part of the app's settings; an empty text is as good as none. */
export const entraShape = {
  /** `iss` of the tokens that are accepted; several separated by commas. Without it there is SharedKey only. */
  BookendEntraIssuer: list,
  /** `aud` of the tokens that are accepted, to the letter. */
  BookendEntraAudience: z.string().min(1, { error: 'expected an audience' }).default('https://batch.core.windows.net/'),
  /** Where the issuer publishes its signing keys. */
  BookendEntraJwksUrl: keySetUrl,
  /** Who may use the account: object ids, subjects, ids of applications that act by themselves; separated by commas. `*` is everybody with a token. */
  BookendEntraPrincipals: list,
  /** Application roles that may use the account, separated by commas. */
  BookendEntraRoles: list,
};

type Settings = z.output<z.ZodObject<typeof entraShape>>;

/** Adds an issue for each setting that is missing beside the others. */
export function refuseHalfOfEntra(settings: Settings, context: z.RefinementCtx): void {
  const { BookendEntraIssuer: issuers, BookendEntraJwksUrl: jwksUrl } = settings;
  const [principals, roles] = [settings.BookendEntraPrincipals, settings.BookendEntraRoles];
  const refuse = (name: keyof Settings, message: string): void => {
    context.addIssue({ code: 'custom', path: [name], message });
  };
  if (issuers.length === 0) {
    if (jwksUrl + principals.join() + roles.join() !== '')
      refuse('BookendEntraIssuer', 'expected the issuer of the tokens, as other settings of Entra ID are given');
    return;
  }
  if (jwksUrl === '') refuse('BookendEntraJwksUrl', 'expected the URL of the keys of the issuer');
  if (principals.length + roles.length === 0)
    refuse('BookendEntraPrincipals', 'expected who may use the account, here or in BookendEntraRoles (* is everybody)');
}

/** What a verifier of tokens needs, or undefined where none are accepted. */
export function toEntraSettings(settings: Settings): EntraSettings | undefined {
  if (settings.BookendEntraIssuer.length === 0) return undefined;
  return {
    issuers: settings.BookendEntraIssuer,
    audience: settings.BookendEntraAudience,
    jwksUrl: settings.BookendEntraJwksUrl,
    principals: settings.BookendEntraPrincipals.map((name) => name.toLowerCase()),
    roles: settings.BookendEntraRoles,
  };
}

function isSafe(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));
}
