"""Every operation of the unmodified azure-batch client against a running stack: AZURE_BATCH_ENDPOINT, _ACCOUNT, _ACCESS_KEY.

One line per check on standard output; exits with 1 unless all of them passed.
"""
import re
import sys
import time
import traceback
import unittest

import pools
import jobs
import tasks
import files
import schedules
import account
import nodes
import protocol
import forgotten


class Lines(unittest.TestResult):
    """Tells each check as a sentence: `ok       jobs: are added and changed (0.4 s)`."""

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def addSuccess(self, test):
        self.say('ok', test)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.say('FAILED', test, error)

    def addError(self, test, error):
        super().addError(test, error)
        self.say('FAILED', test, error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error:
            self.say('FAILED', test, error)

    def say(self, verdict, test, error=None):
        if isinstance(test, unittest.TestCase):
            group = re.sub(r'(?<=.)([A-Z])', r' \1', type(test).__name__).lower()
            sentence = f"{group}: {test._testMethodName[len('test_'):].replace('_', ' ')}"
            sentence += f' ({time.monotonic() - self.started:.1f} s)'
        else:
            sentence = str(test)
        print(f'{verdict:<8} {sentence}', flush=True)
        if error:
            print(''.join(traceback.format_exception(*error)), flush=True)


class InOrder(unittest.TestLoader):
    """The tests of a module in the order they are written in: they are one story."""

    def loadTestsFromModule(self, module):
        cases = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, unittest.TestCase)]
        return self.suiteClass(self.loadTestsFromTestCase(case) for case in cases)

    def getTestCaseNames(self, test_case):
        return [name for name in vars(test_case) if name.startswith('test_')]


def main():
    loader = InOrder()
    modules = (pools, jobs, tasks, files, schedules, account, nodes, protocol, forgotten)
    suite = unittest.TestSuite(loader.loadTestsFromModule(module) for module in modules)
    result = Lines()
    suite.run(result)
    failed = len(result.failures) + len(result.errors)
    print(f'{result.testsRun} checks, {failed} failed', flush=True)
    return 1 if failed or not result.testsRun else 0


if __name__ == '__main__':
    sys.exit(main())
