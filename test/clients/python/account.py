"""Images, applications, certificates and extensions: what belongs to the account."""
import unittest

from azure.batch import models

from world import client, pages_of, refusal_of


class Account(unittest.TestCase):
    def test_certificates_cannot_be_added(self):
        certificate = models.CertificateAddParameter(thumbprint='a1', thumbprint_algorithm='sha1', data='YQ==')
        self.assertEqual(refusal_of(client.certificate.add, certificate), (400, 'NotImplemented'))
        self.assertEqual(list(client.certificate.list()), [])
        for call in (
            lambda: client.certificate.get('sha1', 'a1'),
            lambda: client.certificate.delete('sha1', 'a1'),
            lambda: client.certificate.cancel_deletion('sha1', 'a1'),
        ):
            self.assertEqual(refusal_of(call), (404, 'CertificateNotFound'))

    def test_has_images_that_pools_can_name(self):
        options = models.AccountListSupportedImagesOptions(filter="osType eq 'linux'", max_results=3)
        images = list(client.account.list_supported_images(options))
        self.assertGreater(len(images), 3)
        self.assertEqual({image.os_type for image in images}, {models.OSType.linux})
        self.assertEqual(len(images), len(list(client.account.list_supported_images())))

    def test_has_the_applications_that_its_deployment_declares(self):
        pages = pages_of(client.application.list(models.ApplicationListOptions(max_results=3)))
        self.assertEqual([[each.id for each in page] for page in pages], [['four', 'one', 'three'], ['two']])
        self.assertEqual(client.application.get('one').versions, ['1.0', '2.0'])
        self.assertEqual(refusal_of(client.application.get, 'a'), (404, 'ApplicationNotFound'))
