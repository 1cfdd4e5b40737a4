"""What the task has to do with AWS: functions to invoke, queues to read, signs of life."""
