"""What a scheduled run does around `dvc repro`, in plain functions: the project, its remote, its git."""
