"""Last: no operation that the client has was forgotten by the checks before."""
import unittest

from world import outcomes, refused_operations


class Forgotten(unittest.TestCase):
    def test_nothing_was_each_operation_worked_or_is_refused_with_its_code(self):
        # An answer to HEAD has no body, so only its status is left of the code.
        seen = {name: {'NotImplemented' if code == '400' else code for code in met} for name, met in outcomes.items()}
        not_ok = {name: ' '.join(sorted(met)) or 'never called' for name, met in seen.items() if 'ok' not in met}
        self.assertEqual(not_ok, refused_operations)
