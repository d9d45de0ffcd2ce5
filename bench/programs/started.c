/* Says when it was started: writes the monotonic clock, in nanoseconds, to FILE, which appears whole. */
#include <stdio.h>
#include <time.h>

int main(int argc, char **argv) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (argc != 2) return 2;
  char unfinished[4096];
  if (snprintf(unfinished, sizeof unfinished, "%s.new", argv[1]) >= (int)sizeof unfinished) return 1;
  FILE *file = fopen(unfinished, "w");
  if (file == NULL) return 1;
  fprintf(file, "%lld\n", (long long)now.tv_sec * 1000000000LL + now.tv_nsec);
  if (fclose(file) != 0) return 1;
  return rename(unfinished, argv[1]) == 0 ? 0 : 1;
}
