"""What is the same for every operation: who may ask, when, conditions, ids of requests, and how a refusal reads."""
import datetime
import unittest
import uuid

from azure.batch import models

from world import client, connect, endpoint, guid, refusal_of, status_of

job_id = 'py-protocol'


class Protocol(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        client.job.add(models.JobAddParameter(id=job_id, pool_info=models.PoolInformation(pool_id='py-none')))

    def test_a_wrong_key_and_an_unknown_account_are_refused(self):
        wrong_key = connect(account_key='d3Jvbmc=')
        self.assertEqual(refusal_of(wrong_key.job.get, job_id), (403, 'AuthenticationFailed'))
        self.assertEqual(refusal_of(connect(account_name='somebody').job.list), (403, 'AuthenticationFailed'))

    def test_a_request_signed_at_another_time_is_refused(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        for minutes in (-20, 20):
            skewed = models.JobGetOptions(ocp_date=now + datetime.timedelta(minutes=minutes))
            self.assertEqual(refusal_of(client.job.get, job_id, skewed), (403, 'AuthenticationFailed'))
        late = models.JobGetOptions(ocp_date=now - datetime.timedelta(minutes=10))
        self.assertEqual(client.job.get(job_id, late).id, job_id)

    def test_reads_answer_to_conditions(self):
        job = client.job.get(job_id)
        hour = datetime.timedelta(hours=1)
        for met in (
            {'if_match': job.e_tag},
            {'if_match': f'"{job.e_tag}"'},
            {'if_none_match': '0x1'},
            {'if_modified_since': job.last_modified - hour},
            {'if_unmodified_since': job.last_modified + hour},
        ):
            self.assertEqual(client.job.get(job_id, models.JobGetOptions(**met)).id, job_id, met)
        for unmet in (
            {'if_none_match': job.e_tag},
            {'if_match': '0x1'},
            {'if_modified_since': job.last_modified},
            {'if_unmodified_since': job.last_modified - hour},
        ):
            self.assertEqual(refusal_of(client.job.get, job_id, models.JobGetOptions(**unmet))[0], 304, unmet)

    def test_writes_answer_to_conditions(self):
        job = client.job.get(job_id)
        for unmet in (
            {'if_none_match': job.e_tag},
            {'if_match': '0x1'},
            {'if_unmodified_since': job.last_modified - datetime.timedelta(hours=1)},
        ):
            options = models.JobTerminateOptions(**unmet)
            self.assertEqual(
                refusal_of(client.job.terminate, job_id, job_terminate_options=options), (412, 'ConditionNotMet'), unmet
            )
        self.assertEqual(client.job.get(job_id).state, models.JobState.active)

    def test_a_request_id_comes_back_when_that_is_asked_for(self):
        mine = str(uuid.uuid1())
        options = models.JobGetOptions(client_request_id=mine, return_client_request_id=True)
        _, headers = status_of(client.job.get, job_id, options)
        self.assertEqual(headers['client-request-id'], mine)
        self.assertRegex(headers['request-id'], guid)
        _, headers = status_of(client.job.get, job_id, models.JobGetOptions(client_request_id=mine))
        self.assertIsNone(headers['client-request-id'])

    def test_a_timeout_is_taken(self):
        self.assertEqual(client.job.get(job_id, models.JobGetOptions(timeout=5)).id, job_id)
        self.assertEqual(client.job.get(job_id, models.JobGetOptions(timeout=600)).id, job_id)

    def test_a_page_of_none_or_of_too_many_is_refused_by_the_service(self):
        for size in (0, 1001):
            # The client checks its own limits first.
            query = {'api-version': client.job.api_version, 'maxresults': size}
            request = client._client.get(f'{endpoint}/jobs', query)
            response = client._client.send(request)
            self.assertEqual(response.status_code, 400)
            self.assertIn(response.json()['code'], ('OutOfRangeQueryParameterValue', 'InvalidQueryParameterValue'))

    def test_a_refusal_names_what_was_wrong(self):
        with self.assertRaises(models.BatchErrorException) as caught:
            client.job.patch(job_id, models.JobPatchParameter(priority=5000))
        error = caught.exception.error
        self.assertEqual(error.code, 'InvalidPropertyValue')
        self.assertEqual(error.message.lang, 'en-US')
        self.assertRegex(error.message.value, r'\nRequestId:[0-9a-f-]{36}\nTime:\d{4}-')
        self.assertIn(('PropertyName', 'priority'), [(each.key, each.value) for each in error.values])
        self.assertIn('InvalidPropertyValue', str(caught.exception))

    def test_select_and_expand_are_taken(self):
        job = client.job.get(job_id, models.JobGetOptions(select='id,state', expand='stats'))
        self.assertEqual((job.id, job.pool_info), (job_id, None))
        self.assertEqual(
            refusal_of(client.job.get, job_id, models.JobGetOptions(select='colour')),
            (400, 'InvalidQueryParameterValue'),
        )
