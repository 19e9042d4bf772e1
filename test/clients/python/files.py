"""Files of tasks and nodes with names of every kind, in whole and in parts; then the end of their job."""
import unittest
from urllib.parse import unquote

from azure.batch import models

from tasks import job_id
from world import client, job_reached, node_ids, odd_names, pages_of, pool_id, refusal_of, text_of


class Files(unittest.TestCase):
    def place(self):
        info = client.task.get(job_id, 'Odd').node_info
        return info.node_id, info.task_root_directory

    def test_are_listed_three_to_a_page(self):
        node_id, root = self.place()
        options = models.FileListFromTaskOptions(max_results=3)
        pages = pages_of(client.file.list_from_task(job_id, 'Odd', recursive=True, file_list_from_task_options=options))
        self.assertEqual({len(page) for page in pages[:-1]}, {3})
        found = {each.name: each for page in pages for each in page}
        for name in odd_names:
            each = found[f'wd/{name}']
            self.assertFalse(each.is_directory)
            self.assertEqual(each.properties.content_length, len(name.encode('utf-8')))
        self.assertTrue(found['wd'].is_directory)
        options = models.FileListFromComputeNodeOptions(max_results=3, filter=f"startswith(name,'{root}/wd')")
        listed = client.file.list_from_compute_node(
            pool_id, node_id, recursive=True, file_list_from_compute_node_options=options
        )
        names = {each.name for each in listed}
        self.assertLessEqual({f'{root}/wd/{name}' for name in odd_names}, names)
        self.assertEqual([name for name in names if not name.startswith(f'{root}/wd')], [])

    def test_are_read_and_described_whatever_they_are_called(self):
        node_id, root = self.place()
        for name in odd_names:
            with self.subTest(name):
                self.assertEqual(text_of(client.file.get_from_task(job_id, 'Odd', f'wd/{name}')), name)
                self.assertEqual(text_of(client.file.get_from_compute_node(pool_id, node_id, f'{root}/wd/{name}')), name)
                headers = client.file.get_properties_from_task(job_id, 'Odd', f'wd/{name}', raw=True).headers
                self.assertEqual(headers['Content-Length'], len(name.encode('utf-8')))
                self.assertIs(headers['ocp-batch-file-isdirectory'], False)
                self.assertRegex(headers['ocp-batch-file-mode'], '^0o100')
                self.assertTrue(unquote(unquote(headers['ocp-batch-file-url'])).endswith(name))
                client.file.get_properties_from_compute_node(pool_id, node_id, f'{root}/wd/{name}')

    def test_are_read_in_part(self):
        def part(given):
            options = models.FileGetFromTaskOptions(ocp_range=given)
            raw = client.file.get_from_task(job_id, 'Odd', 'wd/plain.txt', file_get_from_task_options=options, raw=True)
            return raw.response.status_code, text_of(raw.output)

        self.assertEqual(part('bytes=0-4'), (200, 'plain'))
        self.assertEqual(part('bytes=5-'), (200, '.txt'))
        self.assertEqual(part('bytes=5-900'), (200, '.txt'))
        self.assertEqual(refusal_of(part, 'bytes=900-'), (416, 'InvalidRange'))

    def test_that_are_not_there_are_said_not_to_be(self):
        node_id, _ = self.place()
        self.assertEqual(refusal_of(client.file.get_from_task, job_id, 'Odd', 'wd/none'), (404, 'FileNotFound'))
        self.assertEqual(refusal_of(client.file.get_properties_from_task, job_id, 'Odd', 'wd/none'), (404, '404'))
        self.assertEqual(
            refusal_of(client.file.get_from_compute_node, pool_id, node_id, '../../etc/passwd'), (404, 'FileNotFound')
        )
        self.assertEqual(refusal_of(client.file.list_from_compute_node, pool_id, 'none'), (404, 'NodeNotFound'))


    def test_z_are_deleted_in_the_end(self):
        node_id, root = self.place()
        first, second, *_ = odd_names
        client.file.delete_from_task(job_id, 'Odd', f'wd/{first}')
        self.assertEqual(refusal_of(client.file.delete_from_task, job_id, 'Odd', f'wd/{first}'), (404, 'FileNotFound'))
        client.file.delete_from_compute_node(pool_id, node_id, f'{root}/wd/{second}')
        self.assertEqual(
            refusal_of(client.file.delete_from_task, job_id, 'Odd', 'wd'), (409, 'OperationInvalidForCurrentState')
        )
        client.file.delete_from_task(job_id, 'Odd', 'wd', recursive=True)
        left = client.file.list_from_task(job_id, 'Odd', recursive=True)
        self.assertEqual([each.name for each in left if each.name.startswith('wd')], [])


class EndOfTheJob(unittest.TestCase):
    def test_releases_each_node_once(self):
        client.job.terminate(job_id)
        job_reached(job_id, 'completed')
        statuses = list(client.job.list_preparation_and_release_task_status(job_id))
        self.assertEqual(sorted(each.node_id for each in statuses), sorted(node_ids()))
        for each in statuses:
            self.assertEqual(each.job_preparation_task_execution_info.exit_code, 0)
            self.assertEqual(each.job_release_task_execution_info.exit_code, 0)
            self.assertEqual(
                each.job_release_task_execution_info.result, models.TaskExecutionResult.success
            )
            listed = client.file.list_from_compute_node(pool_id, each.node_id, recursive=True)
            self.assertNotIn('shared/py.txt', [file.name for file in listed])
        client.job.delete(job_id)
