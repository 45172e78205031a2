"""Inputs: find captures, say what each file is by its content, and hand out their bytes."""
