"""The composition root: from a configuration to finished work, one module for each command."""
