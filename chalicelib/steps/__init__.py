"""What carries out step requests: the executor, the account's limits, the reaper."""
