"""The REGISTERs that come to the task: challenged here, decided by the register function."""
