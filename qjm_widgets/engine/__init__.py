"""The threads that submit, poll, cancel, reconcile and write statuses."""
