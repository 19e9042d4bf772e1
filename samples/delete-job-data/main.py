"""Data that a job's tasks leave on their nodes, deleted by the job's release. See README.md beside this file."""

import os
import sys
import time
from urllib.parse import urlsplit

from azure.batch import BatchServiceClient
from azure.batch.batch_auth import SharedKeyCredentials
from azure.batch import models

POOL_ID = "DeleteJobDataSamplePool"
JOB_ID = "DeleteJobDataSampleJob"
TASK_COUNT = 6
JOB_DATA = "$AZ_BATCH_NODE_SHARED_DIR/$AZ_BATCH_JOB_ID"


def main():
    settings = read_settings()
    client = BatchServiceClient(
        SharedKeyCredentials(settings["AZURE_BATCH_ACCOUNT"], settings["AZURE_BATCH_ACCESS_KEY"]),
        batch_url=settings["AZURE_BATCH_ENDPOINT"],
    )
    is_close = urlsplit(settings["AZURE_BATCH_ENDPOINT"]).hostname in ("127.0.0.1", "localhost")
    pause = 0.2 if is_close else 2
    try:
        create_pool(client)
        create_job(client)
        run_tasks(client, pause)
        show_data(client, "before")
        client.job.terminate(JOB_ID)
        wait_until("the job to complete", 120, pause, lambda: client.job.get(JOB_ID).state == "completed")
        if show_data(client, "after"):
            raise RuntimeError("Data of the job is left on its nodes")
    finally:
        clean_up(client)


def create_pool(client):
    image = models.ImageReference(
        publisher="canonical", offer="0001-com-ubuntu-server-jammy", sku="22_04-lts", version="latest"
    )
    client.pool.add(
        models.PoolAddParameter(
            id=POOL_ID,
            vm_size="standard_d2_v3",
            virtual_machine_configuration=models.VirtualMachineConfiguration(
                image_reference=image, node_agent_sku_id="batch.node.ubuntu 22.04"
            ),
            target_dedicated_nodes=2,
        )
    )
    print(f"Created pool {POOL_ID} with 2 nodes.")


def create_job(client):
    client.job.add(
        models.JobAddParameter(
            id=JOB_ID,
            pool_info=models.PoolInformation(pool_id=POOL_ID),
            job_preparation_task=models.JobPreparationTask(command_line=f'/bin/sh -c "mkdir -p {JOB_DATA}"'),
            job_release_task=models.JobReleaseTask(command_line=f'/bin/sh -c "rm -r {JOB_DATA}"'),
        )
    )
    print(f"Created job {JOB_ID}: its release deletes the job's data.")


def run_tasks(client, pause):
    tasks = [
        models.TaskAddParameter(
            id=f"task-{number}",
            command_line=f'/bin/sh -c "echo part {number} of the result > {JOB_DATA}/part-{number}.txt"',
        )
        for number in range(1, TASK_COUNT + 1)
    ]
    client.task.add_collection(JOB_ID, tasks)

    def completed():
        seen = list(client.task.list(JOB_ID))
        return seen if len(seen) == TASK_COUNT and all(task.state == "completed" for task in seen) else None

    for task in wait_until("the tasks to complete", 30 * 60, pause, completed):
        if task.execution_info.exit_code != 0:
            raise RuntimeError(f"Task {task.id} failed: {task.execution_info.failure_info}")
    print(f"{TASK_COUNT} tasks completed.")


def show_data(client, when):
    """Prints what each node that ran tasks has of the job's data; gives how many files there are."""
    folder = f"shared/{JOB_ID}/"
    count = 0
    for status in client.job.list_preparation_and_release_task_status(JOB_ID):
        files = client.file.list_from_compute_node(POOL_ID, status.node_id, recursive=True)
        names = sorted(file.name[len(folder):] for file in files if file.name.startswith(folder))
        count += len(names)
        print(f"{status.node_id} {when} the release: {', '.join(names) or 'nothing'}")
    return count


def clean_up(client):
    """Also after a failure: what was not made cannot be deleted, and that is all right."""
    for delete in (lambda: client.job.delete(JOB_ID), lambda: client.pool.delete(POOL_ID)):
        try:
            delete()
        except models.BatchErrorException as error:
            if error.response.status_code != 404:
                raise
    print("Deleted job and pool.")


def wait_until(what, within_seconds, pause, look):
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        seen = look()
        if seen:
            return seen
        time.sleep(pause)
    raise TimeoutError(f"Waited {within_seconds} s for {what}")


def read_settings():
    names = ("AZURE_BATCH_ENDPOINT", "AZURE_BATCH_ACCOUNT", "AZURE_BATCH_ACCESS_KEY")
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        sys.exit(f"Set {', '.join(missing)}: npm start prints them.")
    return {name: os.environ[name] for name in names}


if __name__ == "__main__":
    main()
