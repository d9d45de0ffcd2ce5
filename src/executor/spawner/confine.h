/*
 * confine: gives up all capabilities for good, and the calls of the kernel that no renderer needs and intruders like.
 * Part of spawner.c.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Of other processes; of keys, which are one user's in all cells; of what has let intruders into the kernel most; of
 * mounts and namespaces. The last are without use for who has no capabilities and cannot make a namespace of users.
 */
static const uint32_t refused_calls[] = {
  SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_add_key, SYS_request_key, SYS_keyctl,
  SYS_bpf, SYS_userfaultfd, SYS_perf_event_open, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_unshare, SYS_setns,
  /* These have one number on all machines: io_uring, mounts by descriptor, pidfd_getfd. */
  425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442,
};
#if defined(__x86_64__)
#define OUR_MACHINE AUDIT_ARCH_X86_64
/* The same for programs of 32 bits; and socketcall, whose family of addresses nobody sees. */
static const uint32_t refused_i386[] = {
  26, 347, 348, 349, 286, 287, 288, 357, 374, 336, 21, 52, 22, 217, 310, 346, 102,
  425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442,
};
enum { SOCKET_I386 = 359, X32 = 0x40000000 };
#elif defined(__aarch64__)
#define OUR_MACHINE AUDIT_ARCH_AARCH64
#endif

#if defined(OUR_MACHINE)
/* The families that follow the namespace of the network, and no others: a machine's host is reached by AF_VSOCK. */
static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

struct filter {
  struct sock_filter code[256];
  unsigned short size;
};

static void add(struct filter *filter, uint16_t code, uint32_t value, uint8_t yes, uint8_t no) {
  filter->code[filter->size++] = (struct sock_filter){code, yes, no, value};
}

static void load(struct filter *filter, size_t offset) { add(filter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0); }
static void answer(struct filter *filter, uint32_t with) { add(filter, BPF_RET | BPF_K, with, 0, 0); }

/* What is asked for is `value`: then `with` is the answer. */
static void answer_to(struct filter *filter, uint32_t value, uint32_t with) {
  add(filter, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
  answer(filter, with);
}

static void add_calls(struct filter *filter, const uint32_t *refused, size_t count, uint32_t socket_call) {
  enum { FAMILIES = sizeof families / sizeof *families };
  load(filter, offsetof(struct seccomp_data, nr));
  for (size_t i = 0; i < count; i++) answer_to(filter, refused[i], SECCOMP_RET_ERRNO | EPERM);
  add(filter, BPF_JMP | BPF_JEQ | BPF_K, socket_call, 0, 2 * FAMILIES + 2);
  load(filter, offsetof(struct seccomp_data, args[0]));
  for (size_t i = 0; i < FAMILIES; i++) answer_to(filter, families[i], SECCOMP_RET_ALLOW);
  answer(filter, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
  answer(filter, SECCOMP_RET_ALLOW);
}

/* From now on those calls are refused to us and our children. */
static bool refuse_calls(void) {
  static struct filter filter;
  enum { COUNT = sizeof refused_calls / sizeof *refused_calls };
  filter.size = 0;
  load(&filter, offsetof(struct seccomp_data, arch));
#if defined(__x86_64__)
  enum { COUNT_I386 = sizeof refused_i386 / sizeof *refused_i386 };
  /* A jump reaches 255 instructions. */
  add(&filter, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 0, 0);
  size_t jump = filter.size;
  add_calls(&filter, refused_i386, COUNT_I386, SOCKET_I386);
  filter.code[jump - 1].jf = (uint8_t)(filter.size - jump);
#endif
  add(&filter, BPF_JMP | BPF_JEQ | BPF_K, OUR_MACHINE, 1, 0);
  answer(&filter, SECCOMP_RET_ERRNO | ENOSYS);
#if defined(__x86_64__)
  load(&filter, offsetof(struct seccomp_data, nr));
  add(&filter, BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1);
  answer(&filter, SECCOMP_RET_ERRNO | ENOSYS);
#endif
  add_calls(&filter, refused_calls, COUNT, SYS_socket);
  struct sock_fprog program = {filter.size, filter.code};
  /* Without the flag all programs would be slower on kernels before 5.16. Some have no such filters at all. */
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0) return true;
  return errno == ENOSYS || errno == EINVAL;
}
#else
static bool refuse_calls(void) { return true; }
#endif

/* New privileges must be forbidden before. */
static bool confine(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2];
  int secure = SECBIT_NOROOT | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_CAP_AMBIENT_RAISE;
  memset(none, 0, sizeof none);
  /* Who has no capabilities may do neither, and needs neither: he can get none. */
  for (int one = 0; prctl(PR_CAPBSET_READ, one, 0, 0, 0) >= 0; one++) prctl(PR_CAPBSET_DROP, one, 0, 0, 0);
  prctl(PR_SET_SECUREBITS, secure | secure << 1, 0, 0, 0);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  return syscall(SYS_capset, &header, none) == 0 && refuse_calls();
}
