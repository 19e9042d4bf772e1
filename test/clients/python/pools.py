"""Pools, from the first one to their change; what other tests run on is made here."""
import datetime
import unittest

from azure.batch import models

from world import client, eventually, node_ids, pages_of, pool_id, pool_steady, refusal_of, status_of


class Pools(unittest.TestCase):
    def test_are_added_and_shown_with_durations_and_dates(self):
        status, headers = status_of(
            client.pool.add,
            models.PoolAddParameter(
                id=pool_id,
                vm_size='standard_d2_v3',
                virtual_machine_configuration=models.VirtualMachineConfiguration(
                    image_reference=models.ImageReference(
                        publisher='canonical', offer='ubuntuserver', sku='18.04-lts', version='latest'
                    ),
                    node_agent_sku_id='batch.node.ubuntu 18.04',
                ),
                target_dedicated_nodes=2,
                task_slots_per_node=2,
                resize_timeout=datetime.timedelta(minutes=7, seconds=30),
                metadata=[models.MetadataItem(name='ä', value='ö "ü"')],
            ),
        )
        self.assertEqual(status, 201)
        self.assertRegex(headers['ETag'], '^0x[0-9A-F]+$')
        pool = client.pool.get(pool_id)
        self.assertEqual(pool.resize_timeout, datetime.timedelta(minutes=7, seconds=30))
        self.assertEqual([(item.name, item.value) for item in pool.metadata], [('ä', 'ö "ü"')])
        self.assertEqual(pool.creation_time.tzinfo.utcoffset(None), datetime.timedelta(0))
        self.assertEqual(pool.e_tag, headers['ETag'])
        self.assertEqual(refusal_of(client.pool.add, models.PoolAddParameter(id=pool_id, vm_size='s')), (409, 'PoolExists'))
        pool_steady()
        eventually('two idle nodes', lambda: self.states() == ['idle', 'idle'])

    def states(self):
        return [node.state.value for node in client.compute_node.list(pool_id)]

    def test_exist_or_do_not(self):
        self.assertIs(client.pool.exists(pool_id), True)
        self.assertIs(client.pool.exists('py-none'), False)
        self.assertEqual(refusal_of(client.pool.get, 'py-none'), (404, 'PoolNotFound'))

    def test_are_listed_three_to_a_page_and_counted(self):
        ids = [f'py-list-{number}' for number in range(1, 8)]
        for each in ids:
            client.pool.add(models.PoolAddParameter(id=each, vm_size='s', target_dedicated_nodes=0))
        options = models.PoolListOptions(max_results=3, filter="startswith(id,'py-list-')", select='id,state')
        pages = pages_of(client.pool.list(options))
        self.assertEqual([[pool.id for pool in page] for page in pages], [ids[:3], ids[3:6], ids[6:]])
        self.assertIsNone(pages[0][0].vm_size)
        counts = client.account.list_pool_node_counts(
            models.AccountListPoolNodeCountsOptions(filter=f"poolId eq '{pool_id}'", max_results=3)
        )
        self.assertEqual([(each.pool_id, each.dedicated.total) for each in counts], [(pool_id, 2)])

    def test_are_changed_but_not_after_a_lost_race(self):
        before = client.pool.get('py-list-1')
        options = models.PoolPatchOptions(if_match=before.e_tag)
        change = models.PoolPatchParameter(metadata=[models.MetadataItem(name='a', value='1')])
        client.pool.patch('py-list-1', change, pool_patch_options=options)
        self.assertEqual(
            refusal_of(client.pool.patch, 'py-list-1', change, pool_patch_options=options), (412, 'ConditionNotMet')
        )
        status, _ = status_of(
            client.pool.update_properties,
            'py-list-1',
            models.PoolUpdatePropertiesParameter(
                certificate_references=[],
                application_package_references=[],
                metadata=[models.MetadataItem(name='b', value='2')],
                start_task=models.StartTask(command_line='true', wait_for_success=False),
            ),
        )
        self.assertEqual(status, 204)
        after = client.pool.get('py-list-1')
        self.assertEqual([item.name for item in after.metadata], ['b'])
        self.assertEqual(after.start_task.command_line, 'true')

    def test_are_refused_autoscale_and_the_rest_by_name(self):
        for call in (
            lambda: client.pool.enable_auto_scale(pool_id, auto_scale_formula='$TargetDedicatedNodes=1'),
            lambda: client.pool.disable_auto_scale(pool_id),
            lambda: client.pool.evaluate_auto_scale(pool_id, '$TargetDedicatedNodes=1'),
            lambda: client.pool.list_usage_metrics(),
            lambda: client.pool.get_all_lifetime_statistics(),
            lambda: client.job.get_all_lifetime_statistics(),
        ):
            self.assertEqual(refusal_of(call), (400, 'NotImplemented'))
        for refused in (
            {'enable_auto_scale': True, 'auto_scale_formula': '$TargetDedicatedNodes=1'},
            {'target_low_priority_nodes': 1},
            {'user_accounts': [models.UserAccount(name='u', password='p')]},
        ):
            pool = models.PoolAddParameter(id='py-refused', vm_size='s', **refused)
            self.assertEqual(refusal_of(client.pool.add, pool), (400, 'UnsupportedProperty'), refused)
        self.assertEqual(len(node_ids()), 2)
