"""What `make repro` shows: the stage that runs, the time left, each verdict, a summary. Changes no result."""
