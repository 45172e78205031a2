"""Makes the container ``drop`` in each storage account named on the command line."""

import os
import sys

from azure.storage.blob import BlobServiceClient

for account in sys.argv[1:]:
    with BlobServiceClient(
        f"https://{account}.blob.core.windows.net", credential=os.environ["STORAGE_KEY"]
    ) as service:
        service.create_container("drop")
