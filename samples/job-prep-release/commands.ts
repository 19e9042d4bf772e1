// What runs on the nodes: the article's three commands, for sh instead of cmd.
// https://learn.microsoft.com/azure/batch/batch-job-prep-release

const file = 'job_prep_and_release.txt';
const onNode = `$AZ_BATCH_NODE_SHARED_DIR/${file}`;

/** The file that the commands write, as the service names it. */
export const sharedFilePath = `shared/${file}`;

/** Before the first task on a node: begins the file with the node's id. */
export const preparationCommandLine = `/bin/sh -c "echo $AZ_BATCH_NODE_ID tasks: > ${onNode}"`;

/** Each task appends its id. The quotes keep the two blanks from the shell. */
export const taskCommandLine = `/bin/sh -c "echo '  '$AZ_BATCH_TASK_ID >> ${onNode}"`;

/** After the job: takes the file away again. */
export const releaseCommandLine = `/bin/sh -c "rm ${onNode}"`;
