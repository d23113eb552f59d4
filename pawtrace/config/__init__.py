"""params.yaml as typed values, and the paths of the project's folders."""
