"""Job schedules, applications, images, certificates and extensions: what belongs to the account."""
import datetime
import unittest

from azure.batch import models

from world import client, refusal_of


class Account(unittest.TestCase):
    def test_certificates_cannot_be_added(self):
        certificate = models.CertificateAddParameter(thumbprint='a1', thumbprint_algorithm='sha1', data='YQ==')
        for call in (
            lambda: client.certificate.add(certificate),
            lambda: client.certificate.get('sha1', 'a1'),
            lambda: client.certificate.delete('sha1', 'a1'),
            lambda: client.certificate.cancel_deletion('sha1', 'a1'),
        ):
            self.assertEqual(refusal_of(call), (400, 'NotImplemented'))

    def test_what_is_not_there_yet(self):
        schedule = models.Schedule(recurrence_interval=datetime.timedelta(hours=1))
        specification = models.JobSpecification(pool_info=models.PoolInformation(pool_id='py-none'))
        of_schedules = client.job_schedule
        for call in (
            lambda: client.account.list_supported_images(),
            lambda: client.application.list(),
            lambda: client.application.get('a'),
            lambda: client.certificate.list(),
            lambda: client.compute_node_extension.list('p', 'n'),
            lambda: client.compute_node_extension.get('p', 'n', 'e'),
            lambda: client.file.delete_from_task('j', 't', 'f'),
            lambda: client.file.delete_from_compute_node('p', 'n', 'f'),
            lambda: of_schedules.add(
                models.JobScheduleAddParameter(id='py-s', schedule=schedule, job_specification=specification)
            ),
            lambda: of_schedules.list(),
            lambda: of_schedules.exists('py-s'),
            lambda: of_schedules.get('py-s'),
            lambda: of_schedules.patch('py-s', models.JobSchedulePatchParameter()),
            lambda: of_schedules.update(
                'py-s', models.JobScheduleUpdateParameter(schedule=schedule, job_specification=specification)
            ),
            lambda: of_schedules.disable('py-s'),
            lambda: of_schedules.enable('py-s'),
            lambda: of_schedules.terminate('py-s'),
            lambda: of_schedules.delete('py-s'),
            lambda: client.job.list_from_job_schedule('py-s'),
        ):
            self.assertIn(refusal_of(call), [(400, 'NotImplemented'), (400, '400')])
