"""Job schedules: each run is a job with its own preparation and release."""
import datetime
import unittest

from azure.batch import models

from world import client, eventually, job_reached, pages_of, pool_id, refusal_of, status_of, text_of

schedule_id = 'py-schedule'
first_job = f'{schedule_id}:job-1'
daily = models.Schedule(recurrence_interval=datetime.timedelta(days=1), start_window=datetime.timedelta(minutes=90))


def specification(**more):
    return models.JobSpecification(pool_info=models.PoolInformation(pool_id=pool_id), **more)


class JobSchedules(unittest.TestCase):
    def test_run_their_first_job_at_once_with_its_preparation_and_release(self):
        job = specification(
            priority=3,
            job_preparation_task=models.JobPreparationTask(command_line='true'),
            job_release_task=models.JobReleaseTask(command_line='true'),
            job_manager_task=models.JobManagerTask(id='Manager', command_line='echo managed'),
        )
        added = models.JobScheduleAddParameter(id=schedule_id, schedule=daily, job_specification=job)
        status, headers = status_of(client.job_schedule.add, added)
        self.assertEqual(status, 201)
        shown = client.job_schedule.get(schedule_id)
        self.assertEqual(shown.e_tag, headers['ETag'])
        self.assertEqual(shown.schedule.start_window, datetime.timedelta(minutes=90))
        self.assertEqual(shown.execution_info.recent_job.id, first_job)
        self.assertEqual(shown.execution_info.next_run_time, shown.creation_time + datetime.timedelta(days=1))
        self.assertEqual(refusal_of(client.job_schedule.add, added), (409, 'JobScheduleExists'))
        job_reached(first_job, 'completed')
        job = client.job.get(first_job)
        self.assertEqual((job.priority, job.execution_info.terminate_reason), (3, 'JMComplete'))
        (status,) = client.job.list_preparation_and_release_task_status(first_job)
        self.assertEqual(status.job_preparation_task_execution_info.exit_code, 0)
        self.assertEqual(status.job_release_task_execution_info.exit_code, 0)

    def test_have_jobs_whose_files_are_read_by_an_id_with_a_colon(self):
        task = client.task.get(first_job, 'Manager')
        self.assertEqual(task.node_info.task_root_directory, f'workitems/{schedule_id}/job-1/Manager')
        self.assertEqual(text_of(client.file.get_from_task(first_job, 'Manager', 'stdout.txt')), 'managed\n')
        path = f'{task.node_info.task_root_directory}/stdout.txt'
        self.assertEqual(text_of(client.file.get_from_compute_node(pool_id, task.node_info.node_id, path)), 'managed\n')

    def test_list_their_jobs(self):
        options = models.JobListFromJobScheduleOptions(filter="state eq 'completed'", max_results=3, select='id')
        jobs = list(client.job.list_from_job_schedule(schedule_id, options))
        self.assertEqual([job.id for job in jobs], [first_job])
        self.assertEqual(refusal_of(client.job.list_from_job_schedule, 'py-none'), (404, 'JobScheduleNotFound'))

    def test_are_listed_three_to_a_page_and_exist_or_do_not(self):
        ids = [f'py-later-{number}' for number in range(1, 5)]
        later = models.Schedule(do_not_run_until=datetime.datetime(2099, 1, 1, tzinfo=datetime.timezone.utc))
        for each in ids:
            client.job_schedule.add(
                models.JobScheduleAddParameter(id=each, schedule=later, job_specification=specification())
            )
        options = models.JobScheduleListOptions(max_results=3, filter="startswith(id,'PY-LATER') and state eq 'Active'")
        pages = pages_of(client.job_schedule.list(options))
        self.assertEqual([each.id for page in pages for each in page], ids)
        self.assertLessEqual(max(len(page) for page in pages), 3)
        self.assertEqual(client.job_schedule.get(ids[0]).schedule.do_not_run_until, later.do_not_run_until)
        self.assertIs(client.job_schedule.exists(ids[0]), True)
        self.assertIs(client.job_schedule.exists('py-none'), False)
        for each in ids:
            self.assertEqual(status_of(client.job_schedule.delete, each)[0], 202)

    def test_change_pause_and_end(self):
        before = client.job_schedule.get(schedule_id)
        change = models.JobSchedulePatchParameter(metadata=[models.MetadataItem(name='a', value='b')])
        fresh = models.JobSchedulePatchOptions(if_match=before.e_tag)
        client.job_schedule.patch(schedule_id, change, job_schedule_patch_options=fresh)
        self.assertEqual(
            refusal_of(client.job_schedule.patch, schedule_id, change, job_schedule_patch_options=fresh),
            (412, 'ConditionNotMet'),
        )
        self.assertEqual(status_of(client.job_schedule.disable, schedule_id)[0], 204)
        self.assertEqual(client.job_schedule.get(schedule_id).state, models.JobScheduleState.disabled)
        update = models.JobScheduleUpdateParameter(schedule=daily, job_specification=specification(priority=9))
        self.assertEqual(status_of(client.job_schedule.update, schedule_id, update)[0], 200)
        self.assertEqual(client.job_schedule.get(schedule_id).job_specification.priority, 9)
        self.assertEqual(client.job.get(first_job).priority, 3)
        self.assertEqual(status_of(client.job_schedule.enable, schedule_id)[0], 204)
        self.assertEqual(status_of(client.job_schedule.terminate, schedule_id)[0], 202)
        eventually(
            'a completed schedule',
            lambda: client.job_schedule.get(schedule_id).state == models.JobScheduleState.completed,
        )
        client.job_schedule.delete(schedule_id)
        eventually('no schedule', lambda: not client.job_schedule.exists(schedule_id))
        self.assertEqual(refusal_of(client.job.get, first_job), (404, 'JobNotFound'))
