// The operations of the Batch service that are not served here, so that they can be refused by name.
// https://learn.microsoft.com/rest/api/batchservice/

/** By path, the operation of each verb. `{}` is one segment, `{*}` the rest. */
export const unsupportedOperations: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'pools/{}/enableautoscale': { POST: 'enable-auto-scale' },
  'pools/{}/disableautoscale': { POST: 'disable-auto-scale' },
  'pools/{}/evaluateautoscale': { POST: 'evaluate-auto-scale' },
  poolusagemetrics: { GET: 'list-pool-usage-metrics' },
  lifetimepoolstats: { GET: 'get-pool-lifetime-statistics' },
  'pools/{}/nodes/{}/users': { POST: 'add-node-user' },
  'pools/{}/nodes/{}/users/{}': { PUT: 'update-node-user', DELETE: 'delete-node-user' },
  'pools/{}/nodes/{}/remoteloginsettings': { GET: 'get-node-remote-login-settings' },
  'pools/{}/nodes/{}/rdp': { GET: 'get-node-remote-desktop' },
  'pools/{}/nodes/{}/uploadbatchservicelogs': { POST: 'upload-node-service-logs' },
  lifetimejobstats: { GET: 'get-job-lifetime-statistics' },
  certificates: { POST: 'add-certificate' },
  // There are none, so these say that it does not exist.
  'certificates({})': { GET: 'get-certificate', DELETE: 'delete-certificate' },
  'certificates({})/canceldelete': { POST: 'cancel-delete-certificate' },
};
