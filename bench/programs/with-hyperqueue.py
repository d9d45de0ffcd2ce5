"""HyperQueue from the Python package: a server and a worker of 2 cores in this process, without a journal.

with-hyperqueue.py tasks COUNT           prints the seconds from submit to the end of COUNT tasks, each with logs of its own
with-hyperqueue.py submit COUNT PROGRAM  prints milliseconds from submit to the start of PROGRAM, one line for each job
with-hyperqueue.py stay                  prints "ready" and waits for the end of standard input
Works in the current directory.
"""
import os
import sys
import time

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig


def tasks(client, count):
    job = Job(default_workdir=os.getcwd())
    for _ in range(count):
        job.program(["/bin/true"])
    start = time.monotonic()
    client.wait_for_jobs([client.submit(job)])
    print(time.monotonic() - start)


def submit(client, count, program):
    for number in range(count):
        path = os.path.join(os.getcwd(), f"started-{number}")
        job = Job(default_workdir=os.getcwd())
        job.program([program, path])
        before = time.monotonic_ns()
        client.wait_for_jobs([client.submit(job)])
        with open(path) as file:
            print((int(file.read()) - before) / 1e6)


with LocalCluster(worker_config=WorkerConfig(cores=2)) as cluster:
    words = sys.argv[1:]
    if words[0] == "tasks":
        tasks(cluster.client(), int(words[1]))
    elif words[0] == "submit":
        submit(cluster.client(), int(words[1]), words[2])
    else:
        print("ready", flush=True)
        sys.stdin.read()
    sys.stdout.flush()
    # Its threads do not end in good order every time, and what was to be measured is said.
    os._exit(0)
