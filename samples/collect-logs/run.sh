#!/bin/sh
# Logs and crash dumps of a job, compressed and uploaded by its release. See README.md beside this file.
set -eu

pool=CollectLogsSamplePool
job=CollectLogsSampleJob
container=collect-logs-sample
tasks=6

for name in AZURE_BATCH_ENDPOINT AZURE_BATCH_ACCOUNT AZURE_BATCH_ACCESS_KEY AZURE_STORAGE_CONNECTION_STRING; do
  eval "[ -n \"\${$name:-}\" ]" || { echo "Set $name: npm start prints it." >&2; exit 2; }
done
export AZURE_CORE_COLLECT_TELEMETRY=false AZURE_CORE_ONLY_SHOW_ERRORS=true

work=$(mktemp -d)
clean_up() {
  az batch job delete --job-id $job --yes 2> /dev/null || true
  az batch pool delete --pool-id $pool --yes 2> /dev/null || true
  az storage container delete --name $container --output none 2> /dev/null || true
  rm -r "$work"
  echo "Deleted job, pool and container."
}
trap clean_up EXIT
trap 'exit 130' INT TERM

az storage container create --name $container --output none
echo "Created container $container."
expiry=$(date -u -d '+1 day' +%Y-%m-%dT%H:%MZ)
sas=$(az storage container generate-sas --name $container --permissions cw --expiry "$expiry" --output tsv)
# The URL of the blob without its name: of Azurite it carries the account, too.
url=$(az storage blob url --container-name $container --name x --output tsv)
url=${url%/x}

az batch pool create --id $pool --vm-size standard_d2_v3 --target-dedicated-nodes 2 \
  --image canonical:0001-com-ubuntu-server-jammy:22_04-lts --node-agent-sku-id 'batch.node.ubuntu 22.04'
echo "Created pool $pool with 2 nodes."

logs='$AZ_BATCH_NODE_SHARED_DIR/$AZ_BATCH_JOB_ID'
cat > "$work/job.json" << EOT
{
  "id": "$job",
  "poolInfo": { "poolId": "$pool" },
  "jobPreparationTask": { "commandLine": "/bin/sh -c 'mkdir -p $logs'" },
  "jobReleaseTask": {
    "commandLine": "/bin/sh -c 'tar czf logs.tgz -C $logs . && curl --fail --silent --show-error --noproxy 127.0.0.1 --retry 5 --upload-file logs.tgz --header \"x-ms-blob-type: BlockBlob\" \"\$UPLOAD_TO/\$AZ_BATCH_JOB_ID/\$AZ_BATCH_NODE_ID.tgz?\$UPLOAD_SAS\" && rm -r $logs'",
    "environmentSettings": [
      { "name": "UPLOAD_TO", "value": "$url" },
      { "name": "UPLOAD_SAS", "value": "$sas" }
    ]
  }
}
EOT
az batch job create --json-file "$work/job.json"
echo "Created job $job: its release uploads logs and dumps."

# Task 4 crashes, and its program leaves a dump as crash handlers do.
for number in $(seq $tasks); do
  crash=
  [ "$number" = 4 ] && crash="echo memory > $logs/task-$number.dmp; kill -SEGV \$\$;"
  printf '%s{ "id": "task-%s", "commandLine": "/bin/sh -c '\''echo task %s began > %s/task-%s.log; %s true'\''" }' \
    "$([ "$number" = 1 ] || echo ,)" "$number" "$number" "$logs" "$number" "$crash"
done > "$work/list"
{ echo '['; cat "$work/list"; echo ']'; } > "$work/tasks.json"
az batch task create --job-id $job --json-file "$work/tasks.json" --output none

until [ "$(az batch task list --job-id $job --query "length([?state=='completed'])" --output tsv)" = $tasks ]; do sleep 1; done
crashed=$(az batch task list --job-id $job --query "length([?executionInfo.result=='failure'])" --output tsv)
echo "$tasks tasks completed, $crashed of them crashed."

az batch job stop --job-id $job
until [ "$(az batch job show --job-id $job --query state --output tsv)" = completed ]; do sleep 1; done
echo "$job completed. Uploaded:"
for blob in $(az storage blob list --container-name $container --query '[].name' --output tsv); do
  az storage blob download --container-name $container --name "$blob" --file "$work/archive.tgz" --no-progress --output none
  echo "  $blob: $(tar tzf "$work/archive.tgz" | sed 's#^\./##' | grep . | sort | tr '\n' ' ' | sed 's/ $//')"
done
