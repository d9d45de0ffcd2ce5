"""HyperQueue from the Python package: a server and a worker of 2 cores in this process, without a journal.

with-hyperqueue.py tasks COUNT STARTED   prints the seconds from submit to the end of COUNT tasks, each with its own logs
with-hyperqueue.py submit COUNT STARTED  prints milliseconds from submit to the start of STARTED, one line for each job
with-hyperqueue.py stay                  prints "ready" and waits for the end of standard input
STARTED is the compiled started.c. Works in the current directory. Its own wait looks once a second only, so that the
files that STARTED makes tell the time.
"""
import os
import sys
import time

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig


def started(path):
    """The time that STARTED has written, in nanoseconds, as soon as it is there."""
    while not os.path.exists(path):
        time.sleep(0.0005)
    with open(path) as file:
        return int(file.read())


def tasks(client, count, program):
    job = Job(default_workdir=os.getcwd())
    all_of_them = [job.program(["/bin/true"]) for _ in range(count)]
    path = os.path.join(os.getcwd(), "all-done")
    job.program([program, path], deps=all_of_them)
    before = time.monotonic_ns()
    client.submit(job)
    print((started(path) - before) / 1e9)


def submit(client, count, program):
    for number in range(count):
        path = os.path.join(os.getcwd(), f"started-{number}")
        job = Job(default_workdir=os.getcwd())
        job.program([program, path])
        before = time.monotonic_ns()
        client.submit(job)
        print((started(path) - before) / 1e6)


with LocalCluster(worker_config=WorkerConfig(cores=2)) as cluster:
    words = sys.argv[1:]
    if words[0] == "stay":
        print("ready", flush=True)
        sys.stdin.read()
    else:
        {"tasks": tasks, "submit": submit}[words[0]](cluster.client(), int(words[1]), words[2])
    sys.stdout.flush()
    # Its threads do not end in good order every time, and what was to be measured is said.
    os._exit(0)
