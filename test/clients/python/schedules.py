"""Images, applications, certificates and extensions: what belongs to the account."""
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
        for call in (
            lambda: client.account.list_supported_images(),
            lambda: client.application.list(),
            lambda: client.application.get('a'),
            lambda: client.certificate.list(),
            lambda: client.compute_node_extension.list('p', 'n'),
            lambda: client.compute_node_extension.get('p', 'n', 'e'),
            lambda: client.file.delete_from_task('j', 't', 'f'),
            lambda: client.file.delete_from_compute_node('p', 'n', 'f'),
        ):
            self.assertIn(refusal_of(call), [(400, 'NotImplemented'), (400, '400')])
