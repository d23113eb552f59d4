"""The orchestration: the only place that imports Prefect."""
