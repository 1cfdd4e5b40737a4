"""What outlives a process: the log of each call, accounts, listings, tasks and the queues, on AWS."""
