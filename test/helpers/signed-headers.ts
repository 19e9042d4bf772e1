/** The headers whose values are signed, in their order, for signers that know the documents only. https://learn.microsoft.com/rest/api/batchservice/authenticate-requests-to-the-azure-batch-service */
export const signedHeaders = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-type',
  'date',
  'if-modified-since',
  'if-match',
  'if-none-match',
  'if-unmodified-since',
  'range',
];
