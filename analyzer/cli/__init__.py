"""The command line: arguments, progress, exit codes. One module per command, imported when used."""
