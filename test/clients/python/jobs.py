"""Jobs: their states, their changes, their lists. What their tasks do is in tasks.py."""
import datetime
import unittest

from azure.batch import models

from world import client, job_reached, pages_of, refusal_of, status_of

nowhere = models.PoolInformation(pool_id='py-none')


class Jobs(unittest.TestCase):
    def test_are_added_with_what_the_client_adds_by_itself(self):
        client.job.add(
            models.JobAddParameter(
                id='py-states',
                pool_info=nowhere,
                constraints=models.JobConstraints(
                    max_wall_clock_time=datetime.timedelta(days=3, hours=4, seconds=5, milliseconds=250),
                    max_task_retry_count=2,
                ),
                on_task_failure='PerformExitOptionsJobAction',
                common_environment_settings=[models.EnvironmentSetting(name='A', value='ä')],
            )
        )
        job = client.job.get('py-states')
        self.assertEqual(job.max_parallel_tasks, -1)
        self.assertEqual(job.priority, 0)
        self.assertEqual(
            job.constraints.max_wall_clock_time, datetime.timedelta(days=3, hours=4, seconds=5, milliseconds=250)
        )
        self.assertEqual(job.on_task_failure, models.OnTaskFailure.perform_exit_options_job_action)
        self.assertEqual(job.execution_info.pool_id, 'py-none')
        self.assertIsNone(job.previous_state)
        again = models.JobAddParameter(id='PY-STATES', pool_info=nowhere)
        self.assertEqual(refusal_of(client.job.add, again), (409, 'JobExists'))

    def test_without_limits_show_the_longest_duration(self):
        client.job.add(models.JobAddParameter(id='py-unlimited', pool_info=nowhere))
        shown = client.job.get('py-unlimited').constraints.max_wall_clock_time
        self.assertEqual(shown.days, 10675199)
        client.job.update(
            'py-unlimited',
            models.JobUpdateParameter(pool_info=nowhere, constraints=models.JobConstraints(max_wall_clock_time=shown)),
        )
        self.assertEqual(client.job.get('py-unlimited').constraints.max_wall_clock_time, shown)

    def test_are_patched_and_replaced(self):
        client.job.patch('py-states', models.JobPatchParameter(priority=7, max_parallel_tasks=3))
        job = client.job.get('py-states')
        self.assertEqual((job.priority, job.max_parallel_tasks, job.constraints.max_task_retry_count), (7, 3, 2))
        status, headers = status_of(client.job.update, 'py-states', models.JobUpdateParameter(pool_info=nowhere))
        self.assertEqual(status, 200)
        job = client.job.get('py-states')
        self.assertEqual((job.priority, job.max_parallel_tasks, job.constraints.max_task_retry_count), (0, -1, 0))
        self.assertEqual(job.e_tag, headers['ETag'])
        stale = models.JobPatchOptions(if_match='0x8D0000000000000')
        self.assertEqual(
            refusal_of(client.job.patch, 'py-states', models.JobPatchParameter(priority=1), job_patch_options=stale),
            (412, 'ConditionNotMet'),
        )

    def test_are_disabled_enabled_terminated_and_deleted(self):
        self.assertEqual(status_of(client.job.disable, 'py-states', 'Terminate')[0], 202)
        job_reached('py-states', 'disabled')
        self.assertEqual(status_of(client.job.enable, 'py-states')[0], 202)
        job_reached('py-states', 'active')
        self.assertEqual(status_of(client.job.terminate, 'py-states', terminate_reason='enough')[0], 202)
        job_reached('py-states', 'completed')
        job = client.job.get('py-states')
        self.assertEqual(job.execution_info.terminate_reason, 'enough')
        self.assertGreaterEqual(job.execution_info.end_time, job.execution_info.start_time)
        self.assertEqual(refusal_of(client.job.terminate, 'py-states'), (409, 'JobCompleted'))
        self.assertEqual(status_of(client.job.delete, 'py-states')[0], 202)
        self.assertEqual(refusal_of(client.job.list_preparation_and_release_task_status, 'py-none'), (404, 'JobNotFound'))

    def test_are_listed_three_to_a_page_and_filtered(self):
        ids = [f'py-list-{letter}' for letter in 'abcdefg']
        for each in ids:
            client.job.add(models.JobAddParameter(id=each, pool_info=nowhere, display_name=f'job {each}'))
        options = models.JobListOptions(max_results=3, filter="startswith(id,'PY-LIST-') and state eq 'Active'")
        pages = pages_of(client.job.list(options))
        self.assertEqual([job.id for page in pages for job in page], ids)
        self.assertEqual(max(len(page) for page in pages), 3)
        long_filter = ' or '.join(f"id eq '{each}'" for each in ids[1:] + ['none'] * 10)
        self.assertEqual([job.id for job in client.job.list(models.JobListOptions(filter=long_filter))], ids[1:])
        since = "creationTime gt DateTime'2020-01-01T00:00:00Z' and startswith(id,'py-list')"
        self.assertEqual(len(list(client.job.list(models.JobListOptions(filter=since)))), 7)
        bad = models.JobListOptions(filter="colour eq 'red'")
        self.assertEqual(refusal_of(client.job.list, bad), (400, 'InvalidQueryParameterValue'))

    def test_with_neither_preparation_nor_release_have_no_such_status(self):
        self.assertEqual(
            refusal_of(client.job.list_preparation_and_release_task_status, 'py-list-a'),
            (409, 'JobPreparationTaskNotSpecified'),
        )
        alone = models.JobAddParameter(
            id='py-alone', pool_info=nowhere, job_release_task=models.JobReleaseTask(command_line='true')
        )
        self.assertEqual(refusal_of(client.job.add, alone), (400, 'InvalidPropertyValue'))
