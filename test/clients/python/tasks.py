"""A job with preparation and release, its tasks, and its end."""
import datetime
import unittest

from azure.batch import models

from world import client, eventually, odd_names, pages_of, pool_id, refusal_of, status_of, task_reached

job_id = 'py-job'
shell = '/bin/sh -c'
write_odd_files = (
    'printenv NAMES | while IFS= read -r n; do mkdir -p "$(dirname "$n")"; printf %s "$n" > "$n"; done'
)


class Tasks(unittest.TestCase):
    def test_run_after_the_preparation_of_their_node(self):
        client.job.add(
            models.JobAddParameter(
                id=job_id,
                pool_info=models.PoolInformation(pool_id=pool_id),
                job_preparation_task=models.JobPreparationTask(
                    command_line=f"{shell} 'echo prepared > $AZ_BATCH_NODE_SHARED_DIR/py.txt'"
                ),
                job_release_task=models.JobReleaseTask(command_line=f"{shell} 'rm $AZ_BATCH_NODE_SHARED_DIR/py.txt'"),
            )
        )
        self.assertEqual(list(client.job.list_preparation_and_release_task_status(job_id)), [])
        client.task.add(
            job_id,
            models.TaskAddParameter(
                id='Odd',
                command_line=f"{shell} '{write_odd_files}'",
                environment_settings=[models.EnvironmentSetting(name='NAMES', value='\n'.join(odd_names))],
                constraints=models.TaskConstraints(retention_time=datetime.timedelta(hours=36), max_task_retry_count=1),
            ),
        )
        task_reached(job_id, 'Odd', 'completed')
        task = client.task.get(job_id, 'odd')
        self.assertEqual(task.execution_info.exit_code, 0)
        self.assertEqual(task.constraints.retention_time, datetime.timedelta(hours=36))
        options = models.JobListPreparationAndReleaseTaskStatusOptions(
            filter=f"nodeId eq '{task.node_info.node_id}'", max_results=3
        )
        (status,) = client.job.list_preparation_and_release_task_status(job_id, options)
        self.assertEqual(status.job_preparation_task_execution_info.exit_code, 0)
        self.assertIsNone(status.job_release_task_execution_info)

    def test_come_250_at_once_of_which_some_exist_already(self):
        def body(number):
            return models.TaskAddParameter(id=f't{number:03}', command_line='true')

        client.task.add_collection(job_id, [body(number) for number in (1, 100, 101, 250)])
        result = client.task.add_collection(job_id, [body(number) for number in range(1, 251)], threads=2)
        self.assertEqual(len(result.value), 250)
        existed = sorted(each.task_id for each in result.value if each.status == models.TaskAddStatus.client_error)
        self.assertEqual(existed, ['t001', 't100', 't101', 't250'])
        options = models.TaskListOptions(max_results=3, filter="startswith(id,'t')", select='id')
        pages = pages_of(client.task.list(job_id, options))
        self.assertEqual([task.id for page in pages for task in page], [f't{number:03}' for number in range(1, 251)])
        self.assertEqual(max(len(page) for page in pages), 3)

    def test_too_large_for_one_request_come_in_smaller_ones(self):
        client.job.add(models.JobAddParameter(id='py-large', pool_info=models.PoolInformation(pool_id='py-none')))
        large = [models.EnvironmentSetting(name='A', value='x' * 60_000)]
        tasks = [
            models.TaskAddParameter(id=f'l{number:03}', command_line='true', environment_settings=large)
            for number in range(100)
        ]
        # Six million characters: the client halves what is refused with RequestBodyTooLarge, until it is taken.
        result = client.task.add_collection('py-large', tasks)
        self.assertEqual({each.status for each in result.value}, {models.TaskAddStatus.success})
        listed = [task.id for task in client.task.list('py-large', models.TaskListOptions(select='id'))]
        self.assertEqual(listed, [f'l{number:03}' for number in range(100)])
        self.assertEqual(client.task.get('py-large', 'l099').environment_settings[0].value, 'x' * 60_000)
        client.job.delete('py-large')

    def test_are_counted(self):
        counts = client.job.get_task_counts(job_id)
        self.assertEqual(counts.task_counts.active + counts.task_counts.running + counts.task_counts.completed, 251)
        self.assertEqual(counts.task_counts.failed, 0)
        self.assertEqual(counts.task_slot_counts.completed, counts.task_counts.succeeded)

    def test_are_terminated_reactivated_changed_and_deleted(self):
        # It need not wait for the 250 before it.
        client.job.patch(job_id, models.JobPatchParameter(max_parallel_tasks=-1))
        client.task.add(job_id, models.TaskAddParameter(id='Long', command_line='sleep 600'))
        task = client.task.get(job_id, 'Long')
        stale = models.TaskUpdateOptions(if_match='0x1')
        change = models.TaskConstraints(retention_time=datetime.timedelta(hours=1))
        self.assertEqual(
            refusal_of(client.task.update, job_id, 'Long', constraints=change, task_update_options=stale),
            (412, 'ConditionNotMet'),
        )
        fresh = models.TaskUpdateOptions(if_match=task.e_tag)
        client.task.update(job_id, 'Long', constraints=change, task_update_options=fresh)
        self.assertEqual(client.task.get(job_id, 'Long').constraints.retention_time, datetime.timedelta(hours=1))
        self.assertEqual(refusal_of(client.task.reactivate, job_id, 'Long'), (409, 'TaskNotCompleted'))
        self.assertEqual(status_of(client.task.terminate, job_id, 'Long')[0], 204)
        task_reached(job_id, 'Long', 'completed')
        self.assertEqual(status_of(client.task.reactivate, job_id, 'Long')[0], 204)
        self.assertIsNone(client.task.get(job_id, 'Long').execution_info.exit_code)
        self.assertEqual(client.task.list_subtasks(job_id, 'Odd').value, [])
        self.assertEqual(status_of(client.task.delete, job_id, 'Long')[0], 200)
        self.assertEqual(refusal_of(client.task.get, job_id, 'Long'), (404, 'TaskNotFound'))
        same = models.TaskAddParameter(id='JobPreparation', command_line='true')
        self.assertEqual(refusal_of(client.task.add, job_id, same), (409, 'TaskIdSameAsJobPreparationTask'))

    def test_all_complete(self):
        eventually(
            'the end of all tasks', lambda: client.job.get_task_counts(job_id).task_counts.succeeded == 251, within_s=120
        )
        listed = list(client.task.list(job_id, models.TaskListOptions(filter="executionInfo/exitCode eq 0")))
        self.assertEqual(len(listed), 251)

