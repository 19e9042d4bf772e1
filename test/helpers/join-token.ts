// A join token as the agent makes it.
import { CompactSign } from 'jose';

export function tokenOf(claims: object, joinKey: string): Promise<string> {
  const [kid = '', secret = ''] = joinKey.split('.');
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'HS256', kid })
    .sign(Buffer.from(secret, 'base64url'));
}
