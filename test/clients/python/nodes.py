"""Compute nodes: shown, scheduled, rebooted, reimaged, removed; then the end of their pool."""
import datetime
import unittest

from azure.batch import models

from world import client, eventually, node_ids, node_reached, pages_of, pool_id, pool_steady, refusal_of, status_of


class Nodes(unittest.TestCase):
    def test_are_listed_and_shown(self):
        pages = pages_of(client.compute_node.list(pool_id, models.ComputeNodeListOptions(max_results=1)))
        self.assertEqual([len(page) for page in pages], [1, 1])
        node = client.compute_node.get(pool_id, node_ids()[0])
        self.assertEqual(node.affinity_id, f'TVM:{node.id}')
        self.assertIs(node.is_dedicated, True)
        self.assertGreater(node.total_tasks_run, 0)
        self.assertEqual(refusal_of(client.compute_node.get, pool_id, 'none'), (404, 'NodeNotFound'))

    def test_have_no_extensions(self):
        first = node_ids()[0]
        self.assertEqual(list(client.compute_node_extension.list(pool_id, first)), [])
        self.assertEqual(
            refusal_of(client.compute_node_extension.get, pool_id, first, 'e'), (404, 'ResourceNotFound')
        )

    def test_are_taken_out_of_scheduling_and_back(self):
        first = node_ids()[0]
        self.assertEqual(status_of(client.compute_node.disable_scheduling, pool_id, first)[0], 200)
        self.assertEqual(client.compute_node.get(pool_id, first).scheduling_state, models.SchedulingState.disabled)
        self.assertEqual(
            refusal_of(client.compute_node.disable_scheduling, pool_id, first, 'requeue'),
            (409, 'NodeAlreadyInTargetSchedulingState'),
        )
        self.assertEqual(status_of(client.compute_node.enable_scheduling, pool_id, first)[0], 200)
        node_reached(first, 'idle')

    def test_are_rebooted_and_reimaged(self):
        first, second = node_ids()
        before = client.compute_node.get(pool_id, first).last_boot_time
        self.assertEqual(status_of(client.compute_node.reboot, pool_id, first)[0], 202)
        self.assertEqual(status_of(client.compute_node.reimage, pool_id, second, 'taskcompletion')[0], 202)

        def is_back():
            node = client.compute_node.get(pool_id, first)
            return node.state.value == 'idle' and node.last_boot_time != before

        eventually('another boot', is_back)
        node_reached(second, 'idle')

    def test_have_no_users_no_remote_login_and_no_logs_of_the_service(self):
        first = node_ids()[0]
        logs = models.UploadBatchServiceLogsConfiguration(
            container_url='https://c', start_time=datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
        )
        user = models.NodeUpdateUserParameter()
        node = client.compute_node
        for call in (
            lambda: node.add_user(pool_id, first, models.ComputeNodeUser(name='u')),
            lambda: node.update_user(pool_id, first, 'u', user),
            lambda: node.delete_user(pool_id, first, 'u'),
            lambda: node.get_remote_desktop(pool_id, first),
            lambda: node.get_remote_login_settings(pool_id, first),
            lambda: node.upload_batch_service_logs(pool_id, first, logs),
        ):
            self.assertEqual(refusal_of(call), (400, 'NotImplemented'))


class EndOfThePool(unittest.TestCase):
    def test_a_resize_is_stopped_and_only_the_named_node_removed(self):
        first, second = node_ids()
        client.job.add(models.JobAddParameter(id='py-busy', pool_info=models.PoolInformation(pool_id=pool_id)))
        busy = [models.TaskAddParameter(id=f'b{number}', command_line='sleep 600') for number in range(2)]
        client.task.add_collection('py-busy', busy)
        node_reached(first, 'running')
        node_reached(second, 'running')
        down = models.PoolResizeParameter(target_dedicated_nodes=0, node_deallocation_option='TaskCompletion')
        self.assertEqual(status_of(client.pool.resize, pool_id, down)[0], 202)
        self.assertEqual(refusal_of(client.pool.resize, pool_id, down), (409, 'PoolBeingResized'))
        self.assertEqual(status_of(client.pool.stop_resize, pool_id)[0], 202)
        pool_steady()
        self.assertEqual([each.code for each in client.pool.get(pool_id).resize_errors], ['ResizeStopped'])
        removal = models.NodeRemoveParameter(node_list=[first], node_deallocation_option='terminate')
        self.assertEqual(status_of(client.pool.remove_nodes, pool_id, removal)[0], 202)
        pool_steady()
        self.assertEqual(node_ids(), [second])

    def test_the_pool_goes(self):
        client.job.delete('py-busy')
        self.assertEqual(status_of(client.pool.delete, pool_id)[0], 202)
        eventually('no pool', lambda: not client.pool.exists(pool_id))
