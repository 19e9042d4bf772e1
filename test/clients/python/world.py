"""The stack as the tests see it: the unmodified client, a pool with two nodes, and what became of every operation that was called."""
import functools
import json
import os
import pathlib
import re
import time
from collections import defaultdict

from azure.batch import BatchServiceClient, models
from azure.batch.batch_auth import SharedKeyCredentials
from msrest.paging import Paged

here = pathlib.Path(__file__).parent
odd_names = json.loads((here.parent / 'odd-names.json').read_text(encoding='utf-8'))
refused_operations = json.loads((here.parent / 'refused-operations.json').read_text(encoding='utf-8'))

endpoint = os.environ['AZURE_BATCH_ENDPOINT']
account = os.environ['AZURE_BATCH_ACCOUNT']
key = os.environ['AZURE_BATCH_ACCESS_KEY']
pool_id = 'py-pool'

# By operation (`pool.add`): `ok`, and the codes (without one, the statuses) that it met.
outcomes = defaultdict(set)


def connect(account_name=account, account_key=key):
    """A client that tries again once, soon: a stack that answers 5xx is to fail its test, not to delay it."""
    client = BatchServiceClient(SharedKeyCredentials(account_name, account_key), batch_url=endpoint)
    client.config.retry_policy.retries = 1
    client.config.add_user_agent('suite')
    return client


def operation_groups(client):
    """By name, the groups that the client has, with the names of their operations."""
    for group, operations in vars(client).items():
        if type(operations).__name__.endswith('Operations'):
            names = [name for name in dir(type(operations)) if not name.startswith('_')]
            yield group, operations, [name for name in names if callable(getattr(operations, name))]


def watch(client):
    """Notes in `outcomes` what becomes of every operation of the client, found by reflection."""
    for group, operations, names in operation_groups(client):
        for name in names:
            setattr(operations, name, watched(f'{group}.{name}', getattr(operations, name)))
    return client


def watched(operation, call):
    outcomes[operation]  # So that one that nobody calls is there, too.

    def noting(step):
        @functools.wraps(step)
        def run(*args, **kwargs):
            try:
                answer = step(*args, **kwargs)
            except models.BatchErrorException as error:
                outcomes[operation].add(code_of(error))
                raise
            if isinstance(answer, Paged):
                # Nothing is asked before somebody iterates.
                answer.advance_page = noting(answer.advance_page)
            else:
                outcomes[operation].add('ok')
            return answer

        return run

    return noting(call)


def code_of(error):
    """Batch's code; the status where an answer to HEAD has no body to hold one."""
    code = getattr(error.error, 'code', None)
    return code or str(error.response.status_code)


def refusal_of(call, *args, **kwargs):
    """The status and the code that the call is refused with. Fails when it is not."""
    try:
        answer = call(*args, **kwargs)
        if isinstance(answer, Paged):
            list(answer)
    except models.BatchErrorException as error:
        return error.response.status_code, code_of(error)
    raise AssertionError('It was accepted.')


def eventually(what, look, within_s=60):
    """The first true value of `look`."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        seen = look()
        if seen:
            return seen
        time.sleep(0.1)
    raise AssertionError(f'{what} did not come about within {within_s} s')


def text_of(chunks):
    return b''.join(chunks).decode('utf-8')


def pages_of(paged):
    """The pages of a list as the client fetches them."""
    pages = []
    try:
        while True:
            pages.append(list(paged.advance_page()))
    except StopIteration:
        return pages


def job_reached(job_id, state):
    return eventually(f'job {job_id} {state}', lambda: client.job.get(job_id).state.value == state)


def task_reached(job_id, task_id, state):
    return eventually(f'task {task_id} {state}', lambda: client.task.get(job_id, task_id).state.value == state)


def node_reached(node_id, state):
    return eventually(f'{node_id} {state}', lambda: client.compute_node.get(pool_id, node_id).state.value == state)


def pool_steady():
    return eventually('a steady pool', lambda: client.pool.get(pool_id).allocation_state.value == 'steady')


def node_ids():
    return [node.id for node in client.compute_node.list(pool_id)]


def status_of(call, *args, **kwargs):
    """What the client makes of an answer, with its status and headers."""
    raw = call(*args, raw=True, **kwargs)
    return raw.response.status_code, raw.headers


client = watch(connect())
guid = re.compile(r'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
