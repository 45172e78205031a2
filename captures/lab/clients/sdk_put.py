"""The Azure SDK: sdk_put.py ACCOUNT BYTES [BLOCK_BYTES LANES]: one blob, in blocks if told."""

import os
import sys

from azure.storage.blob import BlobServiceClient

account, size = sys.argv[1], int(sys.argv[2])
block, lanes = (int(sys.argv[3]), int(sys.argv[4])) if len(sys.argv) > 3 else (4 << 20, 1)
with BlobServiceClient(
    f"https://{account}.blob.core.windows.net",
    credential=os.environ["STORAGE_KEY"],
    max_single_put_size=block,
    max_block_size=block,
) as service:
    blob = service.get_blob_client("drop", f"sdk-{size}.bin")
    blob.upload_blob(os.urandom(size), overwrite=True, max_concurrency=lanes)
