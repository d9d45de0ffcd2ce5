/*
 * groups: a control group (cgroups(7), version 2) for each place that a simulation may have, below the one that was given
 * to our user. What is in it is found and killed whatever it does, and held to limits as a whole: its processes, its
 * memory, and a share of processor time that is the same for all.
 * Part of spawner.c.
 *
 *     GIVEN/                       of systemd's service, say: empty once controllers are on, as the kernel wants it
 *     GIVEN/rayserver-own          what was in it: procwrap, we, our ushers
 *     GIVEN/rayserver-HOME-LIFE/N  one for each place
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { MOST_GROUPS = 4096, MOVES = 50, GONE_TRIES = 50, GONE_PAUSE = 5, DEPTH = 8 };
/* As nice towards procwrap as simulations are outside of groups, where their own niceness counts. */
#define GROUPS_NICE "10"

/* What groups can be held to. */
enum controllers { CPU = 1, PIDS = 2, MEMORY = 4 };
static const struct { enum controllers is; const char *name; } controllers[] = {
  {CPU, "cpu"}, {PIDS, "pids"}, {MEMORY, "memory"},
};
enum { CONTROLLERS = sizeof controllers / sizeof *controllers };

/* Of a place: made when it is first needed, used again until something in it was killed or its memory was limited. */
static struct group {
  bool made, killed, limited;
  uint64_t processes;
} groups[MOST_GROUPS];

static const char own_name[] = "rayserver-own";
/* The group that was given to us, and what is ours in it; -1: there is none. */
static int given_fd = -1, groups_fd = -1;
static char groups_name[64];
/* What is on, and what can be. */
static unsigned controllers_on, controllers_there;

/* As vfork, into a control group; negative where the kernel does not do so. A C function could not return twice. */
static inline __attribute__((always_inline)) long vfork_into(const struct clone_args *arguments) {
#if defined(__x86_64__)
  long result = SYS_clone3;
  register size_t size __asm__("rsi") = sizeof *arguments;
  __asm__ volatile("syscall" : "+a"(result) : "D"(arguments), "r"(size) : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long result __asm__("x0") = (long)arguments;
  register size_t size __asm__("x1") = sizeof *arguments;
  register long number __asm__("x8") = SYS_clone3;
  __asm__ volatile("svc #0" : "+r"(result) : "r"(size), "r"(number) : "memory");
  return result;
#else
  (void)arguments;
  return -ENOSYS;
#endif
}

static int open_in(int directory, const char *name) {
  return openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool write_in(int directory, const char *file, const char *text) {
  int fd = openat(directory, file, O_WRONLY | O_CLOEXEC);
  bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  int error = errno;
  if (fd >= 0) close(fd);
  errno = error;
  return written;
}

/* As much of it as there is room for, ended by NUL. */
static void read_in(int directory, const char *file, char *text, size_t room) {
  int fd = openat(directory, file, O_RDONLY | O_CLOEXEC);
  ssize_t size = fd < 0 ? 0 : read(fd, text, room - 1);
  if (fd >= 0) close(fd);
  text[size < 0 ? 0 : size] = '\0';
}

/* The group that is ours */

/* The directory of the group that we are in, or of the one above if a spawner before us has moved us; else -1. */
static int open_given(void) {
  char line[8192], mount[4096] = "", group[4096] = "", root[4096], at[4096], path[8200];
  FILE *file = fopen("/proc/self/mountinfo", "re");
  while (file && *mount == '\0' && fgets(line, sizeof line, file))
    if (strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %4095s %4095s", root, at) == 2 && strcmp(root, "/") == 0)
      strcpy(mount, at);
  if (file) fclose(file);
  file = fopen("/proc/self/cgroup", "re");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "0::%4095[^\n]", at) == 1) strcpy(group, at);
  if (file) fclose(file);
  char *last = strrchr(group, '/');
  if (last && strcmp(last + 1, own_name) == 0) *last = '\0';
  /* The root is the machine's, whoever we are. */
  if (*mount == '\0' || group[0] != '/' || group[1] == '\0') return -1;
  snprintf(path, sizeof path, "%s%s", mount, group);
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct stat seen;
  if (fd < 0 || (fstat(fd, &seen) == 0 && seen.st_uid == geteuid())) return fd;
  close(fd);
  return -1;
}

/*
 * Whether all that is in it is ours to move: somebody else has given it to us, as systemd's mark says, or the owner of the
 * group above. What a user's own systemd has made is his as well, and yet no business of ours.
 */
static bool is_delegated(int fd) {
  char value[2];
  struct stat above;
  if (fgetxattr(fd, "user.delegate", value, sizeof value) == 1 && value[0] == '1') return true;
  return fstatat(fd, "..", &above, 0) == 0 && above.st_uid != geteuid();
}

/* Moves all processes of a group into another one; false where that comes to no end. */
static bool move_all(int from, int to) {
  for (int tries = 0; tries < MOVES; tries++) {
    int fd = openat(from, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "re");
    int count = 0;
    if (!file && fd >= 0) close(fd);
    if (!file) return false;
    /* 0 is somebody whom we cannot see, and who would be ourselves where we write it. */
    for (char pid[32]; fgets(pid, sizeof pid, file); count++)
      if (atoi(pid) > 0) write_in(to, "cgroup.procs", pid);
    fclose(file);
    if (count == 0) return true;
  }
  errno = EBUSY;
  return false;
}

/* Switches a controller on, or off, for the groups in a directory. */
static bool control(int directory, char sign, const char *name) {
  char text[32];
  snprintf(text, sizeof text, "%c%s", sign, name);
  return write_in(directory, "cgroup.subtree_control", text);
}

/* From the bottom to the top. */
static void switch_off(enum controllers wanted) {
  for (int i = 0; i < CONTROLLERS; i++) {
    if (!(controllers[i].is & wanted)) continue;
    control(groups_fd, '-', controllers[i].name);
    control(given_fd, '-', controllers[i].name);
  }
  controllers_on &= ~(unsigned)wanted;
}

/* For the group of each place; not half of the way. */
static bool switch_on(enum controllers wanted) {
  for (int i = 0; i < CONTROLLERS; i++) {
    if (controllers[i].is != wanted) continue;
    if (control(given_fd, '+', controllers[i].name) && control(groups_fd, '+', controllers[i].name)) continue;
    int error = errno;
    switch_off(wanted);
    errno = error;
    return false;
  }
  controllers_on |= wanted;
  return true;
}

static unsigned controllers_of(int fd) {
  char text[4096], *rest = text;
  unsigned found = 0;
  read_in(fd, "cgroup.controllers", text, sizeof text);
  for (char *word; (word = strsep(&rest, " \n"));)
    for (int i = 0; i < CONTROLLERS; i++)
      if (strcmp(word, controllers[i].name) == 0) found |= controllers[i].is;
  return found;
}

/* Whether a process can be born in a group: not before Linux 5.7, nor where a filter of calls forbids it. */
static bool can_be_born(int directory) __attribute__((noinline));
static bool can_be_born(int directory) {
  struct clone_args arguments = {.flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP,
                                 .exit_signal = SIGCHLD,
                                 .cgroup = (uint64_t)directory};
  long pid = vfork_into(&arguments);
  if (pid == 0) _exit(0);
  errno = pid < 0 ? (int)-pid : 0;
  if (pid > 0) waitpid((pid_t)pid, NULL, 0);
  return pid > 0;
}

/* Those that were in the given group go back to it: who starts us again starts us there. */
static void leave_own(void) {
  int own = open_in(given_fd, own_name);
  if (own >= 0) move_all(own, given_fd);
  if (own >= 0) close(own);
  unlinkat(given_fd, own_name, AT_REMOVEDIR);
}

/*
 * Switches on what there is, as far as it goes: 0, or why something could not be. Memory is counted at every turn: that is
 * tried now, and switched on when it is first asked for.
 */
static int take_control(void) {
  int error = 0, own;
  unsigned there = is_delegated(given_fd) ? controllers_of(given_fd) : 0;
  if (there == 0) return 0;
  if (!can_be_born(groups_fd)) return errno;
  if (mkdirat(given_fd, own_name, 0755) < 0 && errno != EEXIST) return errno;
  own = open_in(given_fd, own_name);
  if (own < 0 || !move_all(given_fd, own)) error = errno;
  if (own >= 0) close(own);
  if (error != 0) there = 0;
  for (int i = 0; i < CONTROLLERS; i++) {
    if (!(there & controllers[i].is)) continue;
    if (switch_on(controllers[i].is)) controllers_there |= controllers[i].is;
    else error = errno;
  }
  switch_off(MEMORY);
  if (controllers_on & CPU) write_in(groups_fd, "cpu.weight.nice", GROUPS_NICE);
  if (controllers_there == 0) leave_own();
  return error;
}

/* Making and removing */

static DIR *list_in(int parent, const char *name) {
  int fd = open_in(parent, name);
  DIR *directory = fd < 0 ? NULL : fdopendir(fd);
  if (!directory && fd >= 0) close(fd);
  return directory;
}

/* Removes an empty group, with those that simulations have made in it; false and errno where it is not gone. */
static bool remove_tree(int parent, const char *name, int depth) {
  if (unlinkat(parent, name, AT_REMOVEDIR) == 0) return true;
  DIR *directory = depth > 0 && errno == EBUSY ? list_in(parent, name) : NULL;
  if (!directory) return false;
  for (struct dirent *entry; (entry = readdir(directory));)
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') remove_tree(dirfd(directory), entry->d_name, depth - 1);
  closedir(directory);
  return unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

/* Kills what is in a directory of groups, and removes it if nothing is left. */
static void remove_groups(int parent, const char *name) {
  int fd = open_in(parent, name);
  if (fd >= 0) write_in(fd, "cgroup.kill", "1");
  if (fd >= 0) close(fd);
  /* Who is killed takes a moment to be gone. */
  for (int tries = 0; tries < GONE_TRIES; tries++) {
    if (remove_tree(parent, name, DEPTH) || errno != EBUSY) return;
    poll(NULL, 0, GONE_PAUSE);
  }
}

/*
 * For one life of the spawner of a home. What one before us left when it was killed is removed. Returns 0, or why not all
 * controllers that there are could be switched on.
 */
static int make_groups(unsigned home, unsigned life) {
  char prefix[32];
  given_fd = open_given();
  if (given_fd < 0) return 0;
  snprintf(prefix, sizeof prefix, "rayserver-%06x-", home);
  snprintf(groups_name, sizeof groups_name, "%s%05x", prefix, life);
  DIR *directory = list_in(given_fd, ".");
  for (struct dirent *entry; directory && (entry = readdir(directory));)
    if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) remove_groups(given_fd, entry->d_name);
  if (directory) closedir(directory);
  if (mkdirat(given_fd, groups_name, 0755) == 0) groups_fd = open_in(given_fd, groups_name);
  return groups_fd < 0 ? errno : take_control();
}

/* All is as it was before, but for what cannot be killed. */
static void end_groups(void) {
  if (groups_fd < 0) return;
  /* First what simulations may have switched on below. */
  remove_groups(given_fd, groups_name);
  switch_off(controllers_there);
  leave_own();
}

static void remove_group(size_t place) {
  char name[24];
  snprintf(name, sizeof name, "%zu", place);
  remove_tree(groups_fd, name, DEPTH);
  groups[place] = (struct group){.made = false};
}

static bool write_number(int group, const char *file, uint64_t number) {
  char text[24] = "max";
  if (number > 0) snprintf(text, sizeof text, "%llu", (unsigned long long)number);
  return write_in(group, file, text);
}

/* Bytes that all in a group have together, in memory; who needs more is killed with all the others. */
static void limit_memory(int group, uint64_t memory) {
  write_number(group, "memory.max", memory);
  write_in(group, "memory.oom.group", "1");
  /* Not there where the kernel knows of no swap. */
  write_in(group, "memory.swap.max", "0");
}

/*
 * The group of a place, to be closed; -1 where there can be none. It is held to these limits, 0 for none; *counted says
 * whether its processes are.
 */
static int group_of(size_t place, uint64_t processes, uint64_t memory, bool *counted) {
  char name[24];
  struct group *group = &groups[place];
  bool limits = memory > 0 && (controllers_there & MEMORY) && ((controllers_on & MEMORY) || switch_on(MEMORY));
  *counted = false;
  if (groups_fd < 0) return -1;
  snprintf(name, sizeof name, "%zu", place);
  /* What others have left in a /tmp would still count, and the limit of one that could not be started would hold. */
  if (group->made && (limits || group->limited)) remove_group(place);
  if (!group->made && mkdirat(groups_fd, name, 0755) < 0) {
    /* Somebody who could not be killed may have gone since. */
    if (errno != EEXIST || !remove_tree(groups_fd, name, DEPTH) || mkdirat(groups_fd, name, 0755) < 0) return -1;
  }
  if (!group->made) *group = (struct group){.made = true};
  int fd = openat(groups_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -1;
  if ((controllers_on & PIDS) && (group->processes == processes || write_number(fd, "pids.max", processes)))
    group->processes = processes;
  *counted = processes > 0 && group->processes == processes;
  if (limits) limit_memory(fd, memory);
  group->limited = limits;
  return fd;
}

/* Kills what is in the group of a place; whether there was anything. */
static bool kill_group(size_t place) {
  char text[256], file[64];
  snprintf(file, sizeof file, "%zu/cgroup.events", place);
  read_in(groups_fd, file, text, sizeof text);
  if (!strstr(text, "populated 1")) return false;
  snprintf(file, sizeof file, "%zu/cgroup.kill", place);
  if (!write_in(groups_fd, file, "1")) return false;
  return groups[place].killed = true;
}

/* Whether a simulation that sees its group has made others in it: nothing could be started there while these have controllers. */
static bool is_divided(size_t place) {
  char name[24];
  struct stat seen;
  snprintf(name, sizeof name, "%zu", place);
  return fstatat(groups_fd, name, &seen, AT_SYMLINK_NOFOLLOW) == 0 && seen.st_nlink > 2;
}

/* Of an event that is told with its number. */
static bool happened(const char *events, const char *name) {
  size_t size = strlen(name);
  for (const char *line = events; line; line = strchr(line, '\n'), line += line != NULL)
    if (strncmp(line, name, size) == 0 && line[size] == ' ') return atoi(line + size) > 0;
  return false;
}

/* What was in the group of a place is over; whether it was ended because it needed more memory than it had. */
static bool leave_group(size_t place) {
  char text[1024] = "", file[64];
  struct group *group = &groups[place];
  snprintf(file, sizeof file, "%zu/memory.events", place);
  if (group->limited) read_in(groups_fd, file, text, sizeof text);
  /* From Linux 6.14 on, what is started into a group that was killed once is killed, too. */
  if (group->killed || group->limited || is_divided(place)) remove_group(place);
  /* Whom the whole machine's want has killed is not to blame. */
  return happened(text, "oom") && happened(text, "oom_kill");
}
