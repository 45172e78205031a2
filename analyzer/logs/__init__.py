"""Log lines into the same tables as packets: read, recognise, map, gather."""
