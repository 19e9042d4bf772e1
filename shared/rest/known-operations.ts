// Every operation of the Batch service, so that what reaches no function is refused for the right reason: known but not supported,
// wrong verb, or nothing that exists. https://learn.microsoft.com/rest/api/batchservice/
import { BatchError } from '../errors.js';

/** By path, the operation of each verb. `{}` is one segment, `{*}` the rest. An operation without a name is supported. */
const operations: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pools: { POST: '', GET: '' },
  'pools/{}': { GET: '', HEAD: '', DELETE: '', PATCH: '' },
  'pools/{}/updateproperties': { POST: '' },
  'pools/{}/resize': { POST: '' },
  'pools/{}/stopresize': { POST: '' },
  'pools/{}/removenodes': { POST: '' },
  'pools/{}/enableautoscale': { POST: 'enable-auto-scale' },
  'pools/{}/disableautoscale': { POST: 'disable-auto-scale' },
  'pools/{}/evaluateautoscale': { POST: 'evaluate-auto-scale' },
  poolusagemetrics: { GET: 'list-pool-usage-metrics' },
  lifetimepoolstats: { GET: 'get-pool-lifetime-statistics' },
  nodecounts: { GET: '' },
  supportedimages: { GET: 'list-supported-images' },
  'pools/{}/nodes': { GET: '' },
  'pools/{}/nodes/{}': { GET: '' },
  'pools/{}/nodes/{}/reboot': { POST: '' },
  'pools/{}/nodes/{}/reimage': { POST: '' },
  'pools/{}/nodes/{}/disablescheduling': { POST: '' },
  'pools/{}/nodes/{}/enablescheduling': { POST: '' },
  'pools/{}/nodes/{}/users': { POST: 'add-node-user' },
  'pools/{}/nodes/{}/users/{}': { PUT: 'update-node-user', DELETE: 'delete-node-user' },
  'pools/{}/nodes/{}/remoteloginsettings': { GET: 'get-node-remote-login-settings' },
  'pools/{}/nodes/{}/rdp': { GET: 'get-node-remote-desktop' },
  'pools/{}/nodes/{}/uploadbatchservicelogs': { POST: 'upload-node-service-logs' },
  'pools/{}/nodes/{}/extensions': { GET: 'list-node-extensions' },
  'pools/{}/nodes/{}/extensions/{}': { GET: 'get-node-extension' },
  'pools/{}/nodes/{}/files': { GET: '' },
  'pools/{}/nodes/{}/files/{*}': { GET: '', HEAD: '', DELETE: 'delete-node-file' },
  jobs: { POST: '', GET: '' },
  'jobs/{}': { GET: '', DELETE: '', PATCH: '', PUT: '' },
  'jobs/{}/disable': { POST: '' },
  'jobs/{}/enable': { POST: '' },
  'jobs/{}/terminate': { POST: '' },
  'jobs/{}/jobpreparationandreleasetaskstatus': { GET: '' },
  'jobs/{}/jobpreparationandreleasetaskattempts': { GET: '' },
  'jobs/{}/taskcounts': { GET: '' },
  'jobs/{}/explain': { GET: '' },
  lifetimejobstats: { GET: 'get-job-lifetime-statistics' },
  'jobs/{}/tasks': { POST: '', GET: '' },
  'jobs/{}/addtaskcollection': { POST: '' },
  'jobs/{}/tasks/{}': { GET: '', DELETE: '', PUT: '' },
  'jobs/{}/tasks/{}/terminate': { POST: '' },
  'jobs/{}/tasks/{}/reactivate': { POST: '' },
  'jobs/{}/tasks/{}/subtasksinfo': { GET: '' },
  'jobs/{}/tasks/{}/files': { GET: '' },
  'jobs/{}/tasks/{}/files/{*}': { GET: '', HEAD: '', DELETE: 'delete-task-file' },
  jobschedules: { POST: 'add-job-schedule', GET: 'list-job-schedules' },
  'jobschedules/{}': {
    GET: 'get-job-schedule',
    HEAD: 'job-schedule-exists',
    PATCH: 'patch-job-schedule',
    PUT: 'update-job-schedule',
    DELETE: 'delete-job-schedule',
  },
  'jobschedules/{}/disable': { POST: 'disable-job-schedule' },
  'jobschedules/{}/enable': { POST: 'enable-job-schedule' },
  'jobschedules/{}/terminate': { POST: 'terminate-job-schedule' },
  'jobschedules/{}/jobs': { GET: 'list-jobs-of-job-schedule' },
  applications: { GET: 'list-applications' },
  'applications/{}': { GET: 'get-application' },
  certificates: { POST: 'add-certificate', GET: 'list-certificates' },
  'certificates({})': { GET: 'get-certificate', DELETE: 'delete-certificate' },
  'certificates({})/canceldelete': { POST: 'cancel-delete-certificate' },
  health: { GET: '' },
};

const paths = Object.entries(operations).map(([template, verbs]) => ({ pattern: toPattern(template), verbs }));

/** Why no function answers `method` on `path` (percent-encoded, without query). */
export function explainUnanswered(method: string, path: string): BatchError {
  const bare = path.replace(/^\/+|\/+$/g, '');
  const known = paths.find(({ pattern }) => pattern.test(bare));
  if (!known) return new BatchError('ResourceNotFound', `There is no resource at '${path.slice(0, 256)}'.`);
  const name = known.verbs[method];
  if (name) return new BatchError('NotImplemented', `The operation '${name}' is not supported by Bookend yet.`);
  if (name === '') return new BatchError('ResourceNotFound', `There is no resource at '${path.slice(0, 256)}'.`);
  return new BatchError(
    'UnsupportedHttpVerb',
    `The resource supports ${Object.keys(known.verbs).join(', ')}, not ${method}.`,
  );
}

function toPattern(template: string): RegExp {
  const source = template.replace(/[()]/g, '\\$&').replaceAll('{*}', '.+').replaceAll('{}', '[^/]+');
  return new RegExp(`^${source}$`, 'i');
}
