"""The routes of the service, a module for each thing that is asked about."""
