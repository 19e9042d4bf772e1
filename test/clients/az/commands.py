"""Prints every command of `az batch` that speaks to the data plane, found by reflection, with the operation behind it, as JSON."""
import json

from azure.cli.command_modules.batch._command_type import BatchCommandGroup
from azure.cli.core import get_default_cli

# Commands with code of their own, by that code's name.
own = {
    'list_job': 'job.list',
    'create_task': 'task.add',
    'update_pool': 'pool.update_properties',
    'resize_pool': 'pool.resize',
    'create_certificate': 'certificate.add',
    'delete_certificate': 'certificate.delete',
}
commands = {}


def noting(register):
    def run(group, name, method_name, **kwargs):
        module, _, _ = group.group_kwargs['command_type'].settings['operations_tmpl'].partition('#')
        if module.startswith('azure.batch.'):
            of_group = module.rsplit('.', 1)[-1].strip('_').removesuffix('_operations')
            commands[f'{group.group_name} {name}'.removeprefix('batch ')] = own.get(method_name, f'{of_group}.{method_name}')
        return register(group, name, method_name, **kwargs)

    return run


BatchCommandGroup.batch_command = noting(BatchCommandGroup.batch_command)
BatchCommandGroup.custom_command = noting(BatchCommandGroup.custom_command)
cli = get_default_cli()
cli.commands_loader_cls(cli).load_command_table(['batch'])
print(json.dumps(commands))
