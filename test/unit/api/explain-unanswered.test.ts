// Why a request that no function answers is refused.
import { describe, expect, test } from 'vitest';
import { explainUnanswered } from '../../../shared/api/explain-unanswered.js';

describe('a request that no function answers', () => {
  test.each([
    ['POST', '/pools/p/enableautoscale', 'enable-auto-scale'],
    ['POST', '/Pools/p/Nodes/n/Users/', 'add-node-user'],
    ['GET', '/lifetimejobstats', 'get-job-lifetime-statistics'],
    ['POST', '/certificates', 'add-certificate'],
  ])('is refused by name when Batch knows it: %s %s', (method, path, name) => {
    const refusal = explainUnanswered(method, path);
    expect(refusal.code).toBe('NotImplemented');
    expect(refusal.message).toContain(`'${name}'`);
  });

  test.each([
    ['GET', '/certificates(thumbprintAlgorithm=sha1,thumbprint=ff)'],
    ['DELETE', '/Certificates(thumbprintAlgorithm=sha1,thumbprint=ff)/'],
    ['POST', '/certificates(thumbprintAlgorithm=sha1,thumbprint=ff)/canceldelete'],
  ])('names a certificate, and there are none: %s %s', (method, path) => {
    expect(explainUnanswered(method, path).code).toBe('CertificateNotFound');
  });

  test.each([
    ['PUT', '/certificates(a=b)'],
    ['GET', '/certificates(a=b)/canceldelete'],
    ['PUT', '/pools'],
    ['HEAD', '/jobs/j'],
    ['GET', '/jobs/j/terminate'],
    ['OPTIONS', '/pools/p/nodes'],
    ['POST', '/jobs/j/tasks/t'],
  ])('has the wrong verb when Batch knows the path: %s %s', (method, path) => {
    expect(explainUnanswered(method, path).code).toBe('UnsupportedHttpVerb');
  });

  test.each([
    ['GET', '/'],
    ['GET', '/nothing'],
    ['GET', '/jobs/j/nothing'],
    ['POST', '/pools/p/nodes/n/explode'],
    ['GET', '/__proto__'],
  ])('names nothing otherwise: %s %s', (method, path) => {
    expect(explainUnanswered(method, path).code).toBe('ResourceNotFound');
  });
});
