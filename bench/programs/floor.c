/* The floor: starts COUNT times PROGRAM with posix_spawn, WIDTH at a time, and waits for each. Exits 1 at the first fault. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

int main(int argc, char **argv) {
  if (argc < 4) {
    fputs("usage: floor COUNT WIDTH PROGRAM [ARGUMENT...]\n", stderr);
    return 2;
  }
  long left = atol(argv[1]);
  long width = atol(argv[2]);
  long running = 0;
  while (left > 0 || running > 0) {
    if (left > 0 && running < width) {
      pid_t pid;
      int fault = posix_spawn(&pid, argv[3], NULL, NULL, argv + 3, environ);
      if (fault != 0) {
        fprintf(stderr, "floor: %s: %s\n", argv[3], strerror(fault));
        return 1;
      }
      left--;
      running++;
      continue;
    }
    int status;
    if (wait(&status) < 0 || status != 0) return 1;
    running--;
  }
  return 0;
}
