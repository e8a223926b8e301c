"""The local AWS: one private MiniStack process with the unchanged template.yaml deployed into it.

`run` keeps one for people (make run), the tests start their own. Each has a home folder, a port and a log of its own,
so any number of them can live on one machine.
"""
