// The Batch account of the embedded stack: fixed and documented, as Azurite's own account is.
// Knows no client and no way to sign.
//
// The key is public by design: whoever reads this file has it. That is sound only because the stack listens on
// 127.0.0.1 and nowhere else; a deployed Bookend takes its account and keys from its settings.

/** Account name and base64 key that every embedded stack answers to. */
export const localAccount = {
  name: 'bookendlocal',
  key: 'Ym9va2VuZC1sb2NhbC1hY2NvdW50LWtleSwgcHVibGljIGJ5IGRlc2lnbiwgYm91bmQgdG8gMTI3LjAuMC4xLg==',
} as const;

/** The account that Azurite documents for itself; equally public, equally bound to 127.0.0.1. https://learn.microsoft.com/azure/storage/common/storage-use-azurite */
export const azuriteAccount = {
  name: 'devstoreaccount1',
  key: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
} as const;
