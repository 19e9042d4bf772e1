import { describe, expect, test } from 'vitest';
import {
  batchRequest,
  singleRequest,
  type ReceivedMessage,
} from '../../../local/functions-host/service-bus/trigger-data.js';

const form = { bindingName: 'message', isBinary: false };
const message: ReceivedMessage = {
  body: Buffer.from('{"a":1}'),
  deliveryCount: 0,
  messageId: 'm1',
  sessionId: 's1',
  subject: 'about',
  sequenceNumber: { low: -1, high: 1, toString: () => '8589934591' },
  enqueuedTimeUtc: new Date('2026-01-01T00:00:00Z'),
  expiresAtUtc: new Date(Number.NaN),
  applicationProperties: { Tenant: 'x' },
};

describe('a single message', () => {
  test('is its body as text with metadata under the names of Azure; what it lacks is not sent', () => {
    const { inputData, triggerMetadata } = singleRequest(message, form);
    expect(inputData).toEqual([{ name: 'message', data: { string: '{"a":1}' } }]);
    expect(triggerMetadata).toEqual({
      deliveryCount: { int: 1 },
      messageId: { string: 'm1' },
      sessionId: { string: 's1' },
      subject: { string: 'about' },
      label: { string: 'about' },
      sequenceNumber: { int: 8_589_934_591 },
      enqueuedTimeUtc: { json: '"2026-01-01T00:00:00.000Z"' },
      enqueuedTime: { json: '"2026-01-01T00:00:00.000Z"' },
      applicationProperties: { json: '{"Tenant":"x"}' },
      userProperties: { json: '{"Tenant":"x"}' },
    });
  });

  test.each([
    [Buffer.from([0, 255]), { bytes: Buffer.from([0, 255]) }],
    ['text', { bytes: Buffer.from('text') }],
    [{ a: 1 }, { bytes: Buffer.from('{"a":1}') }],
    [undefined, { bytes: Buffer.alloc(0) }],
  ])('of dataType binary is the bytes of %o', (body, data) => {
    expect(singleRequest({ body }, { ...form, isBinary: true }).inputData[0]?.data).toEqual(data);
  });
});

describe('a batch', () => {
  const messages = [message, { body: Buffer.alloc(0), deliveryCount: 2, messageId: 'm2' }];

  test('is arrays that leave out what is empty, as in Azure', () => {
    const { inputData, triggerMetadata } = batchRequest(messages, { ...form, keepEmpty: false });
    expect(inputData[0]?.data).toEqual({ collectionString: { string: ['{"a":1}'] } });
    expect(triggerMetadata).toMatchObject({
      deliveryCountArray: { json: '[1,3]' },
      messageIdArray: { collectionString: { string: ['m1', 'm2'] } },
      sessionIdArray: { collectionString: { string: ['s1'] } },
      sequenceNumberArray: {
        collectionSint64: {
          sint64: [
            { low: -1, high: 1, unsigned: false },
            { low: 0, high: 0 },
          ],
        },
      },
      enqueuedTimeUtcArray: { json: '["2026-01-01T00:00:00.000Z",null]' },
      expiresAtUtcArray: { json: '[null,null]' },
      applicationPropertiesArray: { json: '[{"Tenant":"x"},{}]' },
    });
  });

  test('keeps what is empty for an app that asked for it', () => {
    const { inputData, triggerMetadata } = batchRequest(messages, { ...form, keepEmpty: true });
    expect(inputData[0]?.data).toEqual({ collectionString: { string: ['{"a":1}', ''] } });
    expect(triggerMetadata?.['sessionIdArray']).toEqual({ collectionString: { string: ['s1', ''] } });
  });
});
