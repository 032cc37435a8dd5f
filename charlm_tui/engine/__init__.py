"""The model in a process of its own: what is said to it, the client, the worker."""
