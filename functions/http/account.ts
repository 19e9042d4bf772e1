// The REST operations on what the account has besides pools and jobs.
import { accountOperations } from '../../shared/account/account-operations.js';
import { certificateOperations } from '../../shared/account/certificate-operations.js';
import { serveOperations } from '../../shared/serve-operations.js';

serveOperations(accountOperations);
serveOperations(certificateOperations);
