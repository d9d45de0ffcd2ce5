/*
 * spawner: starts simulations for procwrap, watches them and leaves nothing of them behind.
 *
 * It speaks with procwrap on descriptor 3, a Unix socket; the messages are described in spawner/messages.ts, field by
 * field. When the socket ends, it kills what runs and ends. It has one thread and one poll loop, is small (what a
 * program's peak memory includes of it is a megabyte) and starts programs with vfork: that is why it is not Node.
 *
 * Each simulation has a process group, and a mark that a program cannot take off its children by starting a session,
 * forking away or wiping its environment: a value of RLIMIT_LOCKS, which Linux inherits, shows and has not used since
 * 2.4. What leaves its parent becomes our child, for we are a subreaper. Where our control group is delegated to our user,
 * each simulation has one of its own besides, which it cannot leave by accident: then also what took off its mark is
 * found while others run, and limits hold for all of it together (spawner/groups.h).
 *
 * A simulation may run in a cell: namespaces that bubblewrap made, which runs as one of our programs. Programs are
 * started there by an usher of ours, which has joined it. With --keep this program is something else: process 1 of a
 * cell, which does nothing but let those go who lost their parents.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "spawner/confine.h"
#include "spawner/groups.h"

enum { VERSION = 4, LINK = 3, NICE = 10 };
enum { LONGEST_FRAME = 16 << 20, MOST_RUNS = MOST_GROUPS, ENVIRONMENTS = 16, DIRECTORIES = 16, PORTION = 65536 };
enum { USHER_STACK = 65536 };
enum { WINDOW = 256 << 10, LAST_OUTPUT = 1 << 20 };
/* Milliseconds. */
enum { AGAIN = 5, PATIENCE = 5000, AUTOGROUP_PAUSE = 150, DIRECTORY_IDLE = 5000, USHER_PATIENCE = 20, MOMENT = 2 };
/* The mark: home, procwrap's life, simulation. */
#define RUN_BITS 20
#define RUN_MASK ((UINT64_C(1) << RUN_BITS) - 1)

enum to_us { HELLO = 1, ENVIRONMENT, START, SIGNAL, CREDIT, GO, CANCEL, CELL };
/* Of a start. */
enum flags { WAITS = 1, YIELDS = 2, CONFINED = 4 };
enum from_us { READY = 1, STARTED, REFUSED, OUTPUT, ENDED, OPENED };
enum sends { SEND_TERM = 1, SEND_KILL, SEND_STOP, SEND_CONTINUE };
enum place { OF_PROGRAM, OF_DIRECTORY, OF_STDIN, OF_STDOUT, OF_SYSTEM, OF_CELL };
enum target { NOTHING, HEARD, A_FILE };

struct buffer {
  char *data;
  size_t start, end, room;
};

/*
 * A process that shares our memory and descriptors. It has joined a cell and been confined, once and for all that it
 * starts; they are our children. We wait while it works, so that the two of us do not use one memory at a time.
 */
struct usher {
  pid_t pid;
  char *stack;
  /* Event descriptors: something is to be started; it was. */
  int asked, answered;
  /* Of a cell; else `keeper` is 0. Process 1, a child that it had from the beginning, and its children's numbers. */
  pid_t keeper, sleeper;
  int children;
  struct namespace { int fd, kind; } namespaces[8];
  struct launch *launch;
  volatile int error;
};

struct run {
  uint32_t id;
  pid_t pid; /* 0: this place is free. */
  uint32_t cell; /* The id of its keeper's run; 0: none. */
  struct usher *usher; /* Of the cell that it keeps. */
  int output[2];
  uint32_t credit[2];
  bool gone; /* The leader ended and was reaped. */
  bool grouped;
  bool yields, stopped;
  int status;
  struct rusage usage;
  int64_t started, sweep_until;
};

/* A start that waits for its turn: its message, from the fields on. */
struct waiting {
  struct waiting *next;
  uint32_t id;
  size_t size;
  char fields[];
};

struct environment {
  char *memory;
  char **variables; /* The first place is for RAYSERVER_ATTEMPT. */
};

struct known {
  char *path; /* NULL: this place is free. */
  uint64_t device, inode;
  int fd;
};

struct target_of {
  uint8_t is;
  char *path;
  uint64_t device, inode;
};

/* What the child tells before it becomes the program. vfork shares our memory. */
struct launch {
  struct run *run;
  struct usher *usher;
  struct target_of where;
  char **arguments, **variables;
  int directory, input, output[2];
  uint64_t processes, memory, files, tasks;
  int group;
  bool counted; /* All that is in its group is held to `tasks`. */
  volatile pid_t pid;
  volatile int error, place;
};


static struct buffer in, out;
static struct run *runs;
static size_t run_count;
/* First come, first started. */
static struct waiting *first_waiting;
static struct environment environments[ENVIRONMENTS];
static struct known directories[DIRECTORIES];
static size_t next_directory;
/* Of those that are confined in no cell. */
static struct usher *outer_usher;
static uint64_t mark;
static pid_t self;
static int null_fd, signal_fd, children_fd, autogroup_fd = -1;

static void end_all(int status) __attribute__((noreturn));

static void give_up(const char *why) {
  fprintf(stderr, "spawner: %s: %s\n", why, strerror(errno));
  end_all(1);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Buffers and numbers */

static void make_room(struct buffer *buffer, size_t size) {
  if (buffer->start == buffer->end) buffer->start = buffer->end = 0;
  if (buffer->end + size <= buffer->room) return;
  if (buffer->start > 0) {
    memmove(buffer->data, buffer->data + buffer->start, buffer->end - buffer->start);
    buffer->end -= buffer->start;
    buffer->start = 0;
  }
  if (buffer->end + size <= buffer->room) return;
  size_t room = (buffer->end + size) * 2;
  char *data = realloc(buffer->data, room);
  if (!data) give_up("memory");
  buffer->data = data;
  buffer->room = room;
}

static void put(const void *bytes, size_t size) {
  make_room(&out, size);
  memcpy(out.data + out.end, bytes, size);
  out.end += size;
}

/* All machines that we run on are little-endian, as the messages are. */
static void put8(uint8_t number) { put(&number, sizeof number); }
static void put32(uint32_t number) { put(&number, sizeof number); }
static void put64(uint64_t number) { put(&number, sizeof number); }

static void begin(enum from_us type, uint32_t size, uint32_t id) {
  put32(size + 5);
  put8(type);
  put32(id);
}

struct reader {
  char *at, *end;
  bool bad;
};

static void take(struct reader *reader, void *bytes, size_t size) {
  if ((size_t)(reader->end - reader->at) < size) {
    reader->bad = true;
    memset(bytes, 0, size);
    return;
  }
  memcpy(bytes, reader->at, size);
  reader->at += size;
}

static uint8_t take8(struct reader *reader) {
  uint8_t number;
  take(reader, &number, sizeof number);
  return number;
}

static uint32_t take32(struct reader *reader) {
  uint32_t number;
  take(reader, &number, sizeof number);
  return number;
}

static uint64_t take64(struct reader *reader) {
  uint64_t number;
  take(reader, &number, sizeof number);
  return number;
}

/* A text lies in the message with its NUL. */
static char *take_text(struct reader *reader) {
  static char none[] = "";
  uint32_t size = take32(reader);
  char *text = reader->at;
  if (reader->bad || size == 0 || (size_t)(reader->end - text) < size || text[size - 1] != '\0') {
    reader->bad = true;
    return none;
  }
  reader->at += size;
  return text;
}

/* A list of texts, with `before` places free in front and NULL behind. */
static char **take_texts(struct reader *reader, size_t before) {
  uint32_t count = take32(reader);
  if (count > (size_t)(reader->end - reader->at) / 5) reader->bad = true;
  if (reader->bad) count = 0;
  char **texts = calloc(before + count + 1, sizeof *texts);
  if (!texts) give_up("memory");
  for (uint32_t i = 0; i < count; i++) texts[before + i] = take_text(reader);
  return texts;
}

/* Whom a process belongs to */

static bool is_marked(pid_t pid, uint64_t wanted, uint64_t mask) {
  struct rlimit limit;
  if (pid == self || prlimit(pid, RLIMIT_LOCKS, NULL, &limit) < 0) return false;
  return (limit.rlim_cur & mask) == wanted;
}

/* Signals all that carry the mark, zombies too, but not the group `except`; returns how many there are. */
static int signal_marked(uint64_t wanted, uint64_t mask, int signal, pid_t except) {
  DIR *proc = opendir("/proc");
  if (!proc) return 0;
  int count = 0;
  for (struct dirent *entry; (entry = readdir(proc));) {
    pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;
    if (pid <= 1 || !is_marked(pid, wanted, mask)) continue;
    if (except != 0 && getpgid(pid) == except) continue;
    kill(pid, signal);
    count++;
  }
  closedir(proc);
  return count;
}

/* Kills all that carry the mark; returns how many there were. They are stopped first: a stopped process cannot fork. */
static int kill_marked(uint64_t wanted, uint64_t mask) {
  int count = signal_marked(wanted, mask, SIGSTOP, 0);
  for (int tries = 0; count > 0 && tries < 50; tries++) {
    int again = signal_marked(wanted, mask, SIGSTOP, 0);
    if (again <= count) break;
    count = again;
  }
  return count == 0 ? 0 : signal_marked(wanted, mask, SIGKILL, 0);
}

static uint64_t mark_of(const struct run *run) { return mark | (run->id & RUN_MASK); }

static struct run *run_with(pid_t pid) {
  for (size_t i = 0; i < run_count; i++)
    if (runs[i].pid == pid && !runs[i].gone) return &runs[i];
  return NULL;
}

static struct run *run_called(uint32_t id) {
  for (size_t i = 0; i < run_count; i++)
    if (runs[i].pid != 0 && runs[i].id == id) return &runs[i];
  return NULL;
}

static size_t running(void) {
  size_t count = 0;
  for (size_t i = 0; i < run_count; i++) count += runs[i].pid != 0 && !runs[i].gone;
  return count;
}

/* How many simulations run in a cell, or with 0 in none. */
static size_t running_in(uint32_t cell) {
  size_t count = 0;
  for (size_t i = 0; i < run_count; i++)
    count += runs[i].pid != 0 && !runs[i].gone && !runs[i].usher && runs[i].cell == cell;
  return count;
}

/* The usher of a cell; NULL if it is gone. */
static struct usher *usher_of(uint32_t cell) {
  struct run *keeper = cell == 0 ? NULL : run_called(cell);
  return keeper && !keeper->gone ? keeper->usher : NULL;
}

static bool is_usher(pid_t pid) {
  for (size_t i = 0; i < run_count; i++)
    if (runs[i].usher && runs[i].usher->pid == pid) return true;
  return outer_usher && outer_usher->pid == pid;
}

static size_t ushers(void) {
  size_t count = outer_usher && outer_usher->pid != 0;
  for (size_t i = 0; i < run_count; i++) count += runs[i].usher && runs[i].usher->pid != 0;
  return count;
}

/* A process's children's numbers, ended by 0, in memory that is valid until the next call. */
static pid_t *children(int fd) {
  static char *text;
  static pid_t *pids;
  static size_t room = 4096;
  size_t size = 0;
  for (;;) {
    if (!text) text = malloc(room);
    free(pids);
    pids = calloc(room / 2 + 1, sizeof *pids);
    if (!text || !pids) give_up("memory");
    ssize_t got = fd < 0 ? 0 : pread(fd, text, room - 1, 0);
    size = got < 0 ? 0 : (size_t)got;
    if (size < room - 1) break;
    room *= 2;
    free(text);
    text = NULL;
  }
  text[size] = '\0';
  size_t count = 0;
  for (char *at = text, *end; (pids[count] = (pid_t)strtol(at, &end, 10)) != 0; at = end) count++;
  return pids;
}

/* Whether a simulation may have left orphans, which come to us, or in a cell to its keeper. Some kernels do not tell. */
static bool have_orphans(uint32_t cell) {
  struct usher *in = usher_of(cell);
  int fd = in ? in->children : children_fd;
  size_t count = 0;
  /* With its keeper, all that is in a cell ends. */
  if (cell != 0 && !in) return false;
  if (fd < 0) return true;
  for (pid_t *pid = children(fd); *pid != 0; pid++) count++;
  return count > (in ? (in->sleeper != 0) : running() + ushers());
}

/*
 * Kills orphans of no living simulation: those of one that is over, and, when nothing runs that could have made them,
 * those that took off their mark. Returns how many there were.
 */
static int kill_strays(uint32_t cell) {
  int count = 0;
  struct usher *in = usher_of(cell);
  if (cell != 0 && !in) return 0;
  for (pid_t *pid = children(in ? in->children : children_fd); *pid != 0; pid++) {
    struct rlimit limit = {0, 0};
    if (in ? *pid == in->sleeper : run_with(*pid) || is_usher(*pid)) continue;
    prlimit(*pid, RLIMIT_LOCKS, NULL, &limit);
    bool ours = (limit.rlim_cur & ~RUN_MASK) == mark;
    bool lives = false;
    for (size_t i = 0; i < run_count; i++)
      lives = lives || (runs[i].pid != 0 && (!in || runs[i].cell == cell) && limit.rlim_cur == mark_of(&runs[i]));
    if (ours ? lives : running_in(cell) > 0) continue;
    kill(*pid, SIGKILL);
    count++;
  }
  return count;
}

static void end_usher(struct usher *usher);

/* One that was killed: nothing can be started in its cell any more. Of those without a cell, there will be another. */
static void miss_usher(pid_t pid) {
  if (outer_usher && outer_usher->pid == pid) {
    end_usher(outer_usher);
    outer_usher = NULL;
  }
  for (size_t i = 0; i < run_count; i++) {
    if (!runs[i].usher || runs[i].usher->pid != pid) continue;
    runs[i].usher->pid = 0;
    kill(-runs[i].pid, SIGKILL);
  }
}

static void reap(void) {
  for (;;) {
    siginfo_t info = {0};
    /* The group is killed while its leader's number cannot be given again. */
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0) return;
    struct run *run = run_with(info.si_pid);
    if (!run) {
      miss_usher(info.si_pid);
      waitpid(info.si_pid, NULL, WNOHANG);
      continue;
    }
    kill(-run->pid, SIGKILL);
    wait4(run->pid, &run->status, WNOHANG, &run->usage);
    run->gone = true;
    run->sweep_until = now() + PATIENCE;
    /* Else it would hold on to the namespaces, and whoever waits for a disk to be free would wait for us. */
    if (run->usher) end_usher(run->usher);
    run->usher = NULL;
  }
}

static void end_all(int status) {
  int64_t until = now() + PATIENCE;
  /* Nothing may be reaped as a simulation any more, and nothing is exempt. */
  outer_usher = NULL;
  for (size_t i = 0; i < run_count; i++) {
    if (runs[i].pid != 0 && !runs[i].gone) kill(-runs[i].pid, SIGKILL);
    if (runs[i].grouped) kill_group(i);
    runs[i].pid = 0;
    runs[i].usher = NULL;
  }
  for (;;) {
    int left = mark == 0 ? 0 : kill_marked(mark, ~RUN_MASK);
    left += kill_strays(0);
    while (waitpid(-1, NULL, WNOHANG) > 0) left++;
    if (left == 0 || now() > until) {
      end_groups();
      _exit(status);
    }
    poll(NULL, 0, AGAIN);
  }
}

/* Opening what procwrap names */

static int walk(const char *path, int flags) {
  char *copy = strdup(path), *rest = copy;
  if (!copy) return -1;
  int at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (char *part; at >= 0 && (part = strsep(&rest, "/"));) {
    if (*part == '\0') continue;
    int next = openat(at, part, (rest ? O_PATH | O_DIRECTORY : flags) | O_NOFOLLOW | O_CLOEXEC);
    int error = errno;
    close(at);
    errno = error;
    at = next;
  }
  free(copy);
  return at;
}

/* Opens the very file or directory that procwrap holds, as O_PATH; -1 and ESTALE if the path leads elsewhere now. */
static int find(const char *path, uint64_t device, uint64_t inode, int flags) {
  struct open_how how = {.flags = (uint64_t)(flags | O_PATH | O_CLOEXEC),
                         .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
  int fd = -1, tries = 100;
  if (*path != '/') {
    errno = ESTALE;
    return -1;
  }
  do fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
  while (fd < 0 && errno == EAGAIN && --tries > 0);
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) fd = walk(path, flags | O_PATH);
  struct stat seen;
  if (fd >= 0 && fstat(fd, &seen) == 0 && seen.st_dev == device && seen.st_ino == inode) return fd;
  if (fd >= 0) close(fd);
  if (fd >= 0 || errno == ENOENT || errno == ENOTDIR || errno == ELOOP) errno = ESTALE;
  return -1;
}

/* Opened for good only when it is known to be the file: anything else might keep us waiting. */
static int open_file(const char *path, uint64_t device, uint64_t inode, int flags) {
  char again[64];
  int found = find(path, device, inode, 0);
  if (found < 0) return -1;
  snprintf(again, sizeof again, "/proc/self/fd/%d", found);
  int fd = open(again, flags | O_CLOEXEC | O_NOCTTY);
  int error = errno;
  close(found);
  errno = error;
  return fd;
}

/* The last few directories stay open: a thousand tasks in one project open it once. */
static int open_directory(const char *path, uint64_t device, uint64_t inode) {
  for (size_t i = 0; i < DIRECTORIES; i++) {
    struct known *known = &directories[i];
    if (known->path && known->device == device && known->inode == inode && strcmp(known->path, path) == 0)
      return known->fd;
  }
  int fd = find(path, device, inode, O_DIRECTORY);
  if (fd < 0) return -1;
  struct known *known = &directories[next_directory++ % DIRECTORIES];
  if (known->path) {
    close(known->fd);
    free(known->path);
  }
  *known = (struct known){strdup(path), device, inode, fd};
  if (!known->path) give_up("memory");
  return fd;
}

/* So that nobody is kept from unmounting a disk. */
static void close_directories(void) {
  for (size_t i = 0; i < DIRECTORIES; i++) {
    if (!directories[i].path) continue;
    close(directories[i].fd);
    free(directories[i].path);
    directories[i].path = NULL;
  }
}

static bool have_directories(void) {
  for (size_t i = 0; i < DIRECTORIES; i++)
    if (directories[i].path) return true;
  return false;
}

/* Starting */

static void fail(struct launch *launch, enum place place) __attribute__((noreturn));
static void fail(struct launch *launch, enum place place) {
  launch->place = place;
  launch->error = errno;
  _exit(127);
}

/* As execvp, but with the PATH of the program's own environment and without a shell for what is no program. */
static void become(struct launch *launch) {
  const char *program = launch->arguments[0], *path = "/usr/local/bin:/usr/bin:/bin";
  if (strchr(program, '/')) {
    execve(program, launch->arguments, launch->variables);
    return;
  }
  for (char **variable = launch->variables; *variable; variable++)
    if (strncmp(*variable, "PATH=", 5) == 0) path = *variable + 5;
  int error = ENOENT;
  for (const char *at = path; at; at = *at ? at + 1 : NULL) {
    static char full[8192];
    const char *end = strchrnul(at, ':');
    int size = snprintf(full, sizeof full, "%.*s%s%s", (int)(end - at), at, end == at ? "" : "/", program);
    at = end;
    if (size < 0 || (size_t)size >= sizeof full) continue;
    execve(full, launch->arguments, launch->variables);
    if (errno == EACCES) error = EACCES;
    else if (errno != ENOENT && errno != ENOTDIR && errno != ESTALE && errno != ENODEV) return;
  }
  errno = error;
}

/* Never above what it is; 0: as it is. */
static void lower(enum __rlimit_resource resource, uint64_t most) {
  struct rlimit limit;
  if (most == 0 || getrlimit(resource, &limit) < 0) return;
  if (limit.rlim_max > most) limit.rlim_max = most;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(resource, &limit);
}

static bool enter(const struct launch *launch) {
  struct stat seen;
  if (launch->directory >= 0) return fchdir(launch->directory) == 0;
  bool there = chdir(launch->where.path) == 0 && stat(".", &seen) == 0;
  if (there && seen.st_dev == launch->where.device && seen.st_ino == launch->where.inode) return true;
  if (there || errno == ENOENT || errno == ENOTDIR || errno == ELOOP) errno = ESTALE;
  return false;
}

static void be_child(struct launch *launch) __attribute__((noreturn));
static void be_child(struct launch *launch) {
  sigset_t none;
  sigemptyset(&none);
  struct rlimit ours = {mark_of(launch->run), mark_of(launch->run)};
  setrlimit(RLIMIT_LOCKS, &ours);
  /* Whoever outlives us is killed; we may have died already, which is not to be seen in a cell: that dies as well. */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || (getppid() != self && getppid() != 0)) fail(launch, OF_SYSTEM);
  if (setpgid(0, 0) < 0) fail(launch, OF_SYSTEM);
  if (!enter(launch)) fail(launch, OF_DIRECTORY);
  if (dup2(launch->input, 0) < 0 || dup2(launch->output[0], 1) < 0 || dup2(launch->output[1], 2) < 0)
    fail(launch, OF_SYSTEM);
  if (!launch->counted) lower(RLIMIT_NPROC, launch->processes);
  lower(RLIMIT_DATA, launch->memory);
  lower(RLIMIT_NOFILE, launch->files);
  /* Not before: all others wait for us, and hundreds of threads may be as nice as we are. */
  setpriority(PRIO_PROCESS, 0, NICE);
  sigprocmask(SIG_SETMASK, &none, NULL);
  become(launch);
  fail(launch, OF_PROGRAM);
}

static pid_t launch_grouped(struct launch *launch, int directory) __attribute__((noinline));
static pid_t launch_grouped(struct launch *launch, int directory) {
  struct clone_args arguments = {.flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP,
                                 .exit_signal = SIGCHLD,
                                 .cgroup = (uint64_t)directory};
  long pid = vfork_into(&arguments);
  if (pid == 0) be_child(launch);
  return (pid_t)pid;
}

static pid_t launch_child(struct launch *launch) __attribute__((noinline));
static pid_t launch_child(struct launch *launch) {
  pid_t grouped = launch->group < 0 ? -1 : launch_grouped(launch, launch->group);
  launch->run->grouped = grouped > 0;
  if (grouped > 0) return grouped;
  launch->counted = false;
  pid_t pid = vfork();
  if (pid == 0) be_child(launch);
  return pid;
}

/* Ushers */

static int be_inmate(void *launch) { be_child(launch); }

static pid_t usher_grouped(struct launch *launch) __attribute__((noinline));
static pid_t usher_grouped(struct launch *launch) {
  struct clone_args arguments = {.flags = CLONE_VM | CLONE_VFORK | CLONE_PARENT | CLONE_PARENT_SETTID | CLONE_INTO_CGROUP,
                                 .parent_tid = (uintptr_t)&launch->pid,
                                 .cgroup = (uint64_t)launch->group};
  long pid = vfork_into(&arguments);
  if (pid == 0) be_child(launch);
  return (pid_t)pid;
}

/* As vfork, but the child is our spawner's. Its number is there before it runs. */
static void usher_one(struct usher *usher) {
  struct launch *launch = usher->launch;
  int flags = CLONE_VM | CLONE_VFORK | CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD;
  pid_t pid = launch->group < 0 ? -1 : usher_grouped(launch);
  launch->run->grouped = pid > 0;
  if (pid <= 0) launch->counted = false;
  if (pid <= 0) pid = clone(be_inmate, usher->stack + 2 * USHER_STACK, flags, launch, &launch->pid);
  if (pid > 0) return;
  launch->error = errno;
  launch->pid = -1;
}

static bool join(const struct usher *usher) {
  for (const struct namespace *one = usher->namespaces; one->kind != 0; one++)
    if (setns(one->fd, one->kind) < 0) return false;
  return true;
}

static int be_usher(void *given) {
  struct usher *usher = given;
  eventfd_t number;
  prctl(PR_SET_NAME, "usher");
  usher->error = join(usher) && confine() && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 ? 0 : errno;
  if (getppid() != self) _exit(1);
  for (bool goes_on = usher->error == 0;; usher_one(usher)) {
    /* After this word the memory is not ours, errno included, until we are asked. */
    eventfd_write(usher->answered, 1);
    if (!goes_on || eventfd_read(usher->asked, &number) < 0) _exit(0);
  }
}

static bool is_stopped(pid_t pid) {
  char path[32], text[256];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  text[size < 0 ? 0 : size] = '\0';
  const char *name_end = strrchr(text, ')');
  return name_end && strncmp(name_end, ") T", 3) == 0;
}

/*
 * False where it has died. What it starts shares our memory as well until it is the program; if it is stopped before,
 * which only a neighbour in the cell does, it is killed, lest everybody waits for it.
 */
static bool wait_for(struct usher *usher) {
  for (;;) {
    struct pollfd polled = {usher->answered, POLLIN, 0};
    siginfo_t info = {0};
    eventfd_t number;
    if (poll(&polled, 1, USHER_PATIENCE) > 0) return eventfd_read(usher->answered, &number) == 0;
    if (usher->launch && usher->launch->pid > 0 && is_stopped(usher->launch->pid)) kill(usher->launch->pid, SIGKILL);
    if (waitid(P_PID, (id_t)usher->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid != 0) return false;
  }
}

static void end_usher(struct usher *usher) {
  if (usher->pid > 0) {
    kill(usher->pid, SIGKILL);
    waitpid(usher->pid, NULL, 0);
  }
  for (struct namespace *one = usher->namespaces; one->kind != 0; one++) close(one->fd);
  if (usher->asked >= 0) close(usher->asked);
  if (usher->answered >= 0) close(usher->answered);
  if (usher->children >= 0) close(usher->children);
  free(usher->stack);
  free(usher);
}

/* Opens the namespaces of process 1 of a cell that are not ours as well. Without those of users, files and processes it is none. */
static bool open_namespaces(struct usher *usher) {
  static const struct { const char *name; int kind; } kinds[] = {
    /* That of users first: in it we may join the others. */
    {"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS}, {"pid", CLONE_NEWPID}, {"net", CLONE_NEWNET},
    {"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS}, {"cgroup", CLONE_NEWCGROUP},
  };
  struct namespace *next = usher->namespaces;
  int found = 0;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    char theirs[64], ours[64];
    struct stat there, here;
    snprintf(theirs, sizeof theirs, "/proc/%d/ns/%s", (int)usher->keeper, kinds[i].name);
    snprintf(ours, sizeof ours, "/proc/self/ns/%s", kinds[i].name);
    if (stat(ours, &here) < 0 && errno == ENOENT) continue;
    if (stat(theirs, &there) < 0) return false;
    if (there.st_ino == here.st_ino) continue;
    *next = (struct namespace){open(theirs, O_RDONLY | O_CLOEXEC), kinds[i].kind};
    if (next++->fd < 0) return false;
    found |= kinds[i].kind;
  }
  errno = EINVAL;
  return (found & CLONE_NEWUSER) && (found & CLONE_NEWNS) && (found & CLONE_NEWPID);
}

/* One for the cell of this process 1, or with 0 for none. NULL and errno where there can be none. */
static struct usher *make_usher(pid_t keeper) {
  char path[64];
  struct usher *usher = calloc(1, sizeof *usher);
  if (!usher) return NULL;
  usher->keeper = keeper;
  usher->stack = malloc(2 * USHER_STACK);
  usher->asked = eventfd(0, EFD_CLOEXEC);
  usher->answered = eventfd(0, EFD_CLOEXEC);
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)keeper, (int)keeper);
  usher->children = keeper == 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  usher->sleeper = keeper == 0 ? 0 : *children(usher->children);
  errno = EMFILE;
  if (usher->stack && usher->asked >= 0 && usher->answered >= 0 && (keeper == 0 || open_namespaces(usher)))
    usher->pid = clone(be_usher, usher->stack + USHER_STACK, CLONE_VM | CLONE_FILES | SIGCHLD, usher);
  usher->error = usher->pid > 0 ? (wait_for(usher) ? usher->error : ECHILD) : errno;
  if (usher->error == 0) return usher;
  int error = usher->error;
  end_usher(usher);
  errno = error;
  return NULL;
}

static pid_t launch_by_usher(struct launch *launch) {
  struct usher *usher = launch->usher;
  bool answered;
  usher->launch = launch;
  eventfd_write(usher->asked, 1);
  answered = wait_for(usher);
  usher->launch = NULL;
  if (answered && launch->pid > 0) return launch->pid;
  errno = answered ? launch->error : ESRCH;
  return -1;
}

static struct run *new_run(uint32_t id) {
  size_t place = 0;
  while (place < run_count && runs[place].pid != 0) place++;
  if (place == MOST_RUNS) {
    errno = EAGAIN;
    return NULL;
  }
  if (place == run_count) {
    struct run *more = realloc(runs, (run_count + 1) * sizeof *runs);
    if (!more) return NULL;
    runs = more;
    run_count++;
  }
  runs[place] = (struct run){.id = id, .output = {-1, -1}, .credit = {WINDOW, WINDOW}};
  return &runs[place];
}

static void close_output(struct run *run, int stream) {
  if (run->output[stream] >= 0) close(run->output[stream]);
  run->output[stream] = -1;
}

/* The program's end of a new pipe; ours does not wait. */
static int hear(struct run *run, int stream) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -1;
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  run->output[stream] = ends[0];
  return ends[1];
}

static void refuse(uint32_t id, int error, enum place place) {
  begin(REFUSED, 5, id);
  put32((uint32_t)error);
  put8(place);
}

static struct target_of take_target(struct reader *reader) {
  struct target_of target = {.is = take8(reader)};
  if (target.is != A_FILE) return target;
  target.path = take_text(reader);
  target.device = take64(reader);
  target.inode = take64(reader);
  return target;
}

/* Opens all that the program is given; the place of the failure, or -1. */
static int open_all(struct launch *launch, struct target_of *input, struct target_of *output) {
  struct target_of *where = &launch->where;
  /* In a cell it is entered by its path. */
  if (!launch->usher || launch->usher->keeper == 0) {
    launch->directory = open_directory(where->path, where->device, where->inode);
    if (launch->directory < 0) return OF_DIRECTORY;
  }
  launch->input = input->is == A_FILE ? open_file(input->path, input->device, input->inode, O_RDONLY) : null_fd;
  if (launch->input < 0) return OF_STDIN;
  if (output->is == A_FILE) launch->output[0] = open_file(output->path, output->device, output->inode, O_WRONLY);
  else launch->output[0] = output->is == HEARD ? hear(launch->run, 0) : null_fd;
  if (launch->output[0] < 0) return OF_STDOUT;
  launch->output[1] = hear(launch->run, 1);
  return launch->output[1] < 0 ? OF_SYSTEM : -1;
}

/* Finds who starts it, if we do not do so ourselves; the place of the failure, or -1. */
static int find_usher(struct launch *launch, uint32_t cell, bool confined) {
  if (!launch->run) return OF_SYSTEM;
  if (cell == 0 && !confined) return -1;
  if (cell == 0 && !outer_usher) outer_usher = make_usher(0);
  launch->usher = cell == 0 ? outer_usher : usher_of(cell);
  if (launch->usher) return -1;
  if (cell == 0) return OF_SYSTEM;
  errno = ESRCH;
  return OF_CELL;
}

/* Its number; -1, and why not. */
static pid_t launch_it(struct launch *launch) {
  launch->place = launch->usher && launch->usher->keeper != 0 ? OF_CELL : OF_SYSTEM;
  launch->group = group_of((size_t)(launch->run - runs), launch->tasks, launch->memory, &launch->counted);
  pid_t pid = launch->usher ? launch_by_usher(launch) : launch_child(launch);
  if (pid < 0) launch->error = errno;
  else if (launch->error != 0) waitpid(pid, NULL, 0);
  if (launch->group >= 0) close(launch->group);
  return pid;
}

static void start(struct reader *reader, uint32_t id, uint8_t flags) {
  struct launch launch = {.directory = -1, .input = -1, .output = {-1, -1}};
  pid_t pid = -1;
  uint32_t number = take32(reader);
  char *attempt = take_text(reader);
  uint32_t cell = take32(reader);
  launch.processes = take64(reader);
  launch.memory = take64(reader);
  launch.files = take64(reader);
  launch.tasks = take64(reader);
  launch.where = take_target(reader);
  struct target_of input = take_target(reader), output = take_target(reader);
  launch.arguments = take_texts(reader, 0);
  struct environment *environment = number < ENVIRONMENTS ? &environments[number] : NULL;
  if (!launch.arguments[0] || launch.where.is != A_FILE || !environment || !environment->variables) reader->bad = true;
  if (reader->bad) {
    free(launch.arguments);
    return;
  }
  environment->variables[0] = attempt;
  launch.variables = environment->variables + (*attempt == '\0');
  launch.run = new_run(id);
  launch.place = find_usher(&launch, cell, flags & CONFINED);
  if (launch.place == -1) launch.place = open_all(&launch, &input, &output);
  launch.error = launch.place == -1 ? 0 : errno;
  if (launch.place == -1) pid = launch_it(&launch);
  int given[3] = {launch.input, launch.output[0], launch.output[1]};
  for (int i = 0; i < 3; i++)
    if (given[i] >= 0 && given[i] != null_fd) close(given[i]);
  free(launch.arguments);
  if (launch.error == 0) {
    launch.run->pid = pid;
    launch.run->cell = cell;
    launch.run->yields = flags & YIELDS;
    launch.run->started = now();
    begin(STARTED, 4, id);
    put32((uint32_t)pid);
    return;
  }
  if (launch.run)
    for (int stream = 0; stream < 2; stream++) close_output(launch.run, stream);
  refuse(id, launch.error, (enum place)launch.place);
}

/* Taking turns */

static void wait_for_turn(struct reader *reader, uint32_t id, uint8_t flags) {
  struct waiting **last = &first_waiting;
  size_t size = (size_t)(reader->end - reader->at);
  struct waiting *one = malloc(sizeof *one + size + 1);
  if (!one) give_up("memory");
  *one = (struct waiting){.id = id, .size = size + 1};
  one->fields[0] = (char)(flags & ~WAITS);
  memcpy(one->fields + 1, reader->at, size);
  while (*last) last = &(*last)->next;
  *last = one;
}

/* Takes it out of those that wait, to be freed; NULL if it does not. */
static struct waiting *take_waiting(uint32_t id) {
  for (struct waiting **at = &first_waiting; *at; at = &(*at)->next) {
    struct waiting *one = *at;
    if (one->id != id) continue;
    *at = one->next;
    return one;
  }
  return NULL;
}

/* Starts one that waited. False where its message is none. */
static bool go(struct waiting *one) {
  if (!one) return true;
  struct reader reader = {one->fields, one->fields + one->size, false};
  uint8_t flags = take8(&reader);
  start(&reader, one->id, flags);
  free(one);
  return !reader.bad;
}

static bool go_first(void) { return go(first_waiting ? take_waiting(first_waiting->id) : NULL); }

static void cancel(struct waiting *one) {
  if (one) refuse(one->id, ECANCELED, OF_SYSTEM);
  free(one);
}

/* What procwrap says */

static void learn_environment(struct reader *reader, uint32_t number) {
  if (number >= ENVIRONMENTS) {
    reader->bad = true;
    return;
  }
  size_t size = (size_t)(reader->end - reader->at);
  char *memory = malloc(size + 1);
  if (!memory) give_up("memory");
  memcpy(memory, reader->at, size);
  struct reader copy = {memory, memory + size, false};
  char **variables = take_texts(&copy, 1);
  /* They were to have what was there before. */
  while (environments[number].memory && first_waiting) go_first();
  free(environments[number].memory);
  free(environments[number].variables);
  environments[number] = (struct environment){memory, variables};
  if (copy.bad) reader->bad = true;
}

/* To the group, and to what left it. */
static void signal_all(struct run *run, int signal) {
  kill(-run->pid, signal);
  signal_marked(mark_of(run), ~UINT64_C(0), signal, run->pid);
}

static void send_signal(struct run *run, uint8_t what) {
  if (run->gone) return;
  switch (what) {
    case SEND_TERM:
      signal_all(run, SIGTERM);
      /* One that is stopped would hear it only then. */
      signal_all(run, SIGCONT);
      break;
    case SEND_KILL:
      kill(-run->pid, SIGKILL);
      if (run->grouped) kill_group((size_t)(run - runs));
      kill_marked(mark_of(run), ~UINT64_C(0));
      break;
    case SEND_STOP:
      run->stopped = true;
      signal_all(run, SIGSTOP);
      break;
    case SEND_CONTINUE:
      run->stopped = false;
      signal_all(run, SIGCONT);
      break;
  }
}

/* From now on the run with this id, bubblewrap, keeps a cell, whose process 1 this is. */
static void open_cell(struct run *run, uint32_t id, pid_t keeper) {
  int error = ESRCH;
  if (run && !run->gone && !run->usher && is_marked(keeper, mark_of(run), ~UINT64_C(0))) {
    run->usher = make_usher(keeper);
    error = run->usher ? 0 : errno;
  }
  begin(OPENED, 4, id);
  put32((uint32_t)error);
}

static bool hello(struct reader *reader, uint32_t version) {
  struct rlimit ours;
  if (version != VERSION) return false;
  mark = take64(reader);
  /* Procwrap's successor finds us, too, should we hang. Simulations then lower it. */
  ours.rlim_cur = ours.rlim_max = mark | RUN_MASK;
  setrlimit(RLIMIT_LOCKS, &ours);
  int error = make_groups((unsigned)(mark >> (2 * RUN_BITS)), (unsigned)(mark >> RUN_BITS & RUN_MASK));
  begin(READY, 9, VERSION);
  put32((uint32_t)self);
  put8((uint8_t)controllers_there);
  put32((uint32_t)error);
  return true;
}

static bool obey(struct reader *reader) {
  uint8_t type = take8(reader);
  uint32_t id = take32(reader);
  struct run *run = type == SIGNAL || type == CREDIT || type == CELL ? run_called(id) : NULL;
  switch (type) {
    case HELLO:
      if (!hello(reader, id)) return false;
      break;
    case ENVIRONMENT: learn_environment(reader, id); break;
    case START: {
      uint8_t flags = take8(reader);
      if (flags & WAITS) wait_for_turn(reader, id, flags);
      else start(reader, id, flags);
      break;
    }
    case GO: return go(take_waiting(id));
    case CANCEL: cancel(take_waiting(id)); break;
    case CELL: open_cell(run, id, (pid_t)take32(reader)); break;
    case SIGNAL: {
      uint8_t what = take8(reader);
      if (run) send_signal(run, what);
      break;
    }
    case CREDIT: {
      uint8_t stream = take8(reader);
      uint32_t size = take32(reader);
      if (run && stream < 2) run->credit[stream] += size;
      break;
    }
    default: return false;
  }
  return !reader->bad;
}

/* False when procwrap is gone. */
static bool receive(void) {
  make_room(&in, PORTION);
  ssize_t got = recv(LINK, in.data + in.end, in.room - in.end, MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return false;
  if (got > 0) in.end += (size_t)got;
  for (;;) {
    uint32_t size;
    if (in.end - in.start < sizeof size) return true;
    memcpy(&size, in.data + in.start, sizeof size);
    if (size > LONGEST_FRAME) return false;
    if (in.end - in.start - sizeof size < size) return true;
    struct reader reader = {in.data + in.start + sizeof size, in.data + in.start + sizeof size + size, false};
    in.start += sizeof size + size;
    if (!obey(&reader)) return false;
  }
}

static bool flush(void) {
  while (out.start < out.end) {
    ssize_t sent = send(LINK, out.data + out.start, out.end - out.start, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    out.start += (size_t)sent;
  }
  return true;
}

/* Output and the end */

/* Hands on at most `most` bytes of what lies ready; how many, or -1 when there is nothing. */
static ssize_t forward(struct run *run, int stream, size_t most) {
  char portion[PORTION];
  ssize_t got = read(run->output[stream], portion, most < sizeof portion ? most : sizeof portion);
  if (got < 0 && errno == EAGAIN) return -1;
  if (got <= 0) {
    close_output(run, stream);
    return -1;
  }
  begin(OUTPUT, 1 + (uint32_t)got, run->id);
  put8((uint8_t)stream);
  put(portion, (size_t)got);
  run->credit[stream] -= run->credit[stream] < (size_t)got ? run->credit[stream] : (uint32_t)got;
  return got;
}

static uint64_t microseconds(struct timeval time) { return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec; }

static void finish(struct run *run) {
  for (int stream = 0; stream < 2; stream++) {
    /* Nobody writes any more: what is left is one pipe's content. */
    for (ssize_t got = 0, all = 0; run->output[stream] >= 0 && got >= 0 && all < LAST_OUTPUT; all += got)
      got = forward(run, stream, PORTION);
    close_output(run, stream);
  }
  bool exited = WIFEXITED(run->status);
  bool ran_out = run->grouped && leave_group((size_t)(run - runs));
  begin(ENDED, 30, run->id);
  put8(exited ? 0 : 1);
  put32((uint32_t)(exited ? WEXITSTATUS(run->status) : WTERMSIG(run->status)));
  put64(microseconds(run->usage.ru_utime));
  put64(microseconds(run->usage.ru_stime));
  put64((uint64_t)run->usage.ru_maxrss * 1024);
  put8(ran_out);
  run->pid = 0;
}

/* Ends what the leader left; true while there is something to be done again soon. */
static bool sweep(void) {
  bool again = false;
  for (size_t i = 0; i < run_count; i++) {
    struct run *run = &runs[i];
    if (run->pid == 0 || !run->gone) continue;
    bool clean = !(run->grouped && kill_group(i));
    clean = clean &&
            (!have_orphans(run->cell) || (kill_marked(mark_of(run), ~UINT64_C(0)) == 0 && kill_strays(run->cell) == 0));
    if (!clean && now() <= run->sweep_until) {
      again = true;
      continue;
    }
    bool gives_way = run->yields && !run->stopped;
    finish(run);
    /* At once: procwrap need not hear of the end first. This may move `runs`. */
    if (gives_way && !go_first()) end_all(1);
  }
  return again;
}

/* The kernel lets ordinary users set an autogroup's niceness ten times a second, all together; true to try again. */
static bool be_nice(void) {
  char text[8];
  int size = snprintf(text, sizeof text, "%d", NICE);
  if (autogroup_fd < 0) return false;
  if (write(autogroup_fd, text, (size_t)size) < 0 && errno == EAGAIN) return true;
  close(autogroup_fd);
  autogroup_fd = -1;
  return false;
}

/* What procwrap's caller left open. */
static void close_strangers(void) {
  if (syscall(SYS_close_range, LINK + 1, ~0U, 0) == 0) return;
  for (int fd = LINK + 1; fd < 1024; fd++) close(fd);
}

static void set_up(void) {
  char path[64];
  sigset_t all;
  sigfillset(&all);
  self = getpid();
  close_strangers();
  fcntl(LINK, F_SETFD, FD_CLOEXEC);
  null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)self);
  children_fd = open(path, O_RDONLY | O_CLOEXEC);
  if (null_fd < 0) give_up("cannot start");
  /* Nobody ends us but procwrap, by closing the socket. Programs get all signals as usual. */
  for (int signal = 1; signal < NSIG; signal++) (void)!sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
  sigprocmask(SIG_SETMASK, &all, NULL);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  signal_fd = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
  if (signal_fd < 0) give_up("cannot start");
  /* Of a session of its own, once: with one each, simulations would not be nice towards anybody. */
  setsid();
  autogroup_fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ||
      prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    give_up("cannot start");
}

struct listened {
  uint32_t id;
  int stream;
};

/* Since when we hold back what is to be told; 0: we do not. */
static int64_t held_since;

/*
 * Whether procwrap is told later, of several ends at a time: as long as each that runs gives way to one that waits,
 * nobody waits for procwrap.
 */
static bool holds_back(void) {
  size_t running = 0, waiting = 0;
  for (size_t i = 0; i < run_count; i++) running += runs[i].pid != 0 && !runs[i].gone && runs[i].yields;
  for (struct waiting *one = first_waiting; one; one = one->next) waiting++;
  if (out.start == out.end || running == 0 || waiting < running) held_since = 0;
  else if (held_since == 0) held_since = now();
  return held_since != 0 && now() - held_since < MOMENT;
}

/*
 * Fills in what is waited for; how many. A program is not listened to in its first moment: of most small tasks we hear
 * only the end then, and what they said with it, not of each pipe that they close. `young`: there are such.
 */
static nfds_t listen_to(struct pollfd *polled, struct listened *listened, bool held, bool *young) {
  nfds_t count = 2;
  int64_t grown = now() - MOMENT;
  *young = false;
  polled[0] = (struct pollfd){LINK, (short)(POLLIN | (out.start < out.end && !held ? POLLOUT : 0)), 0};
  polled[1] = (struct pollfd){signal_fd, POLLIN, 0};
  for (size_t i = 0; i < run_count; i++)
    for (int stream = 0; stream < 2; stream++) {
      if (runs[i].pid == 0 || runs[i].gone || runs[i].output[stream] < 0 || runs[i].credit[stream] == 0) continue;
      if (runs[i].started > grown) {
        *young = true;
        continue;
      }
      listened[count] = (struct listened){runs[i].id, stream};
      polled[count++] = (struct pollfd){runs[i].output[stream], POLLIN, 0};
    }
  return count;
}

/* Forbids more namespaces of users: in a new one, everybody has all capabilities. */
static bool forbid_namespaces(void) {
  int fd = open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);
  return fd >= 0 && write(fd, "0", 1) == 1;
}

/* Process 1 of a cell: nobody there can end it, the kernel reaps for it, and what it has in memory is not to be seen. */
static void keep(void) __attribute__((noreturn));
static void keep(void) {
  prctl(PR_SET_NAME, "cell");
  if (!forbid_namespaces() || !confine()) {
    perror("more namespaces cannot be forbidden in a cell");
    _exit(1);
  }
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  signal(SIGCHLD, SIG_IGN);
  /* Bubblewrap has closed standard output. */
  if (write(2, "ready\n", 6) != 6) _exit(1);
  for (int fd = 0; fd <= LINK; fd++) close(fd);
  close_strangers();
  for (;;) pause();
}

int main(int count_given, char **given) {
  if (count_given == 2 && strcmp(given[1], "--keep") == 0) keep();
  static struct pollfd polled[2 + 2 * MOST_RUNS];
  static struct listened listened[2 + 2 * MOST_RUNS];
  bool again = false, held = false;
  set_up();
  for (;;) {
    bool rude = be_nice(), young;
    nfds_t count = listen_to(polled, listened, held, &young);
    bool idle = running_in(0) == 0 && have_directories();
    int timeout = young || held ? MOMENT : again ? AGAIN : rude ? AUTOGROUP_PAUSE : idle ? DIRECTORY_IDLE : -1;
    int ready = poll(polled, count, timeout);
    if (ready < 0 && errno != EINTR) give_up("poll");
    if (ready == 0 && timeout == DIRECTORY_IDLE) close_directories();
    for (nfds_t i = 2; i < count; i++) {
      struct run *run = polled[i].revents ? run_called(listened[i].id) : NULL;
      if (run) forward(run, listened[i].stream, run->credit[listened[i].stream]);
    }
    if (polled[1].revents) {
      struct signalfd_siginfo signals[16];
      while (read(signal_fd, signals, sizeof signals) > 0) continue;
      reap();
    }
    if (polled[0].revents & (POLLIN | POLLHUP | POLLERR) && !receive()) end_all(0);
    again = sweep();
    held = holds_back();
    if (!held && !flush()) end_all(0);
  }
}
