"""boto3: s3_put.py BUCKET BYTES: one object."""

import os
import sys

import boto3

boto3.client("s3").put_object(Bucket=sys.argv[1], Key="dump.bin", Body=os.urandom(int(sys.argv[2])))
